// Text of JSON values, and objects put together from them. One message becomes one line.

#ifndef GOLDEN_JSON_H
#define GOLDEN_JSON_H

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

namespace json {

// Bytes outside printable ASCII become \u00XX: the reader gets the bytes back as Latin-1.
inline std::string text(const std::string& bytes) {
  std::string out = "\"";
  for (const char character : bytes) {
    const unsigned char byte = static_cast<unsigned char>(character);
    if (byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\') {
      out += character;
    } else {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(byte));
      out += escape;
    }
  }
  return out + "\"";
}

// Enough digits that a reader gets exactly this number back.
inline std::string real(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.17g", value);
  return digits;
}

inline std::string number(float value) { return real(value); }
inline std::string number(double value) { return real(value); }

template <class Integer>
std::string number(Integer value) {
  return std::to_string(value);
}

inline std::string list(const std::vector<std::string>& items) {
  std::string out = "[";
  for (size_t i = 0; i < items.size(); ++i) out += (i ? ", " : "") + items[i];
  return out + "]";
}

// The `count` numbers from `first` on.
template <class Number>
std::string numbers(const Number* first, size_t count) {
  std::vector<std::string> items;
  for (size_t i = 0; i < count; ++i) items.push_back(number(first[i]));
  return list(items);
}

class Object {
 public:
  Object& set(const std::string& key, const std::string& json_text) {
    out_ += (out_.empty() ? "" : ", ") + text(key) + ": " + json_text;
    return *this;
  }
  std::string str() const { return "{" + out_ + "}"; }

 private:
  std::string out_;
};

}  // namespace json

#endif
