// STATUS, CAPABILITY and STRING.

#include "golden.h"

#include "igtlCapabilityMessage.h"
#include "igtlStatusMessage.h"
#include "igtlStringMessage.h"

namespace {

void write_status(const char* name, unsigned serial, int code, long long subcode,
                  const char* error_name, const char* text) {
  igtl::StatusMessage::Pointer message = igtl::StatusMessage::New();
  stamp(message, "Scanner", serial);
  message->SetCode(code);
  message->SetSubCode(subcode);
  message->SetErrorName(error_name);
  message->SetStatusString(text);
  emit(name, message);
}

void write_capability(const char* name, unsigned serial, const std::vector<std::string>& types) {
  igtl::CapabilityMessage::Pointer message = igtl::CapabilityMessage::New();
  stamp(message, "Scanner", serial);
  message->SetTypes(types);
  emit(name, message);
}

void write_string(const char* name, const char* device, unsigned serial, unsigned short encoding,
                  const char* text) {
  igtl::StringMessage::Pointer message = igtl::StringMessage::New();
  stamp(message, device, serial);
  message->SetEncoding(encoding);
  message->SetString(text);
  emit(name, message);
}

void describe_status(igtl::StatusMessage* message, json::Object& out) {
  out.set("code", json::number(message->GetCode()));
  out.set("subcode", json::number(message->GetSubCode()));
  out.set("error_name", json::text(message->GetErrorName()));
  out.set("text", json::text(message->GetStatusString()));
}

void describe_capability(igtl::CapabilityMessage* message, json::Object& out) {
  std::vector<std::string> types;
  for (const std::string& type : message->GetTypes()) types.push_back(json::text(type));
  out.set("types", json::list(types));
}

void describe_string(igtl::StringMessage* message, json::Object& out) {
  out.set("encoding", json::number(message->GetEncoding()));
  out.set("text", json::text(message->GetString()));
}

}  // namespace

void write_texts() {
  write_status("status", 10, 4, -1311768467463790320LL, "NotFound", "no such image: CT-7");
  write_status("status-empty", 11, 1, 0, "", "");
  // The last code that the library takes (others become 0), the longest error name.
  write_status("status-shut-down", 12, 19, 7, "Error_of_19_letters", "gantry \xC2\xB5");
  write_capability("capability", 13, {"TRANSFORM", "GET_POLYDATA", "IMAGE"});
  write_string("string", "Console", 14, 3, "Hello, OR 2!");
  write_string("string-empty", "Console", 15, 3, "");
  write_string("string-utf8", "Konsole-\xC3\xBC", 16, 106, "K\xC3\xBChlung 37 \xC2\xB0" "C");
  write_string("string-latin1", "Console", 17, 4, "\xE9t\xE9");
}

Readers text_readers() {
  return {reader("STATUS", describe_status), reader("CAPABILITY", describe_capability),
          reader("STRING", describe_string)};
}
