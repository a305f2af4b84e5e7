// What the parts of `golden` share.
//
// `golden write` prints messages packed by the OpenIGTLink C++ library, one a line:
//     NAME <tab> TYPE <tab> the message as hexadecimal digits
// `golden read` takes lines `NAME <tab> hexadecimal digits` and prints what the library understood
// of each, as one JSON object a line: {"name": ..., "type": ..., ...} or {"name", "error"}.
// The values written here are tabulated in values/*.py under the same names.

#ifndef GOLDEN_H
#define GOLDEN_H

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "igtlMessageBase.h"
#include "json.h"

typedef std::vector<unsigned char> Bytes;

// A message whose content is given as bytes: for types that the library knows as C structs or not
// at all. The library still packs and checks its header, time stamp and CRC.
class RawMessage : public igtl::MessageBase {
 public:
  typedef RawMessage Self;
  typedef igtl::MessageBase Superclass;
  typedef igtl::SmartPointer<Self> Pointer;
  typedef igtl::SmartPointer<const Self> ConstPointer;
  igtlTypeMacro(RawMessage, igtl::MessageBase);
  igtlNewMacro(RawMessage);

  void SetContent(const char* type, const Bytes& content) {
    m_DefaultBodyType = type;
    content_ = content;
  }

 protected:
  int GetBodyPackSize() override { return static_cast<int>(content_.size()); }
  int PackBody() override {
    AllocatePack();
    if (!content_.empty()) std::memcpy(m_Body, content_.data(), content_.size());
    return 1;
  }
  int UnpackBody() override { return 1; }

 private:
  Bytes content_;
};

// Writing ---------------------------------------------------------------------------------------

// n thirds and n ninths, for rotations and quaternions of unequal parts.
inline float third(int n) { return static_cast<float>(n / 3.0); }
inline float ninth(int n) { return static_cast<float>(n / 9.0); }

// Set the device name, and the time 1700000000 + serial seconds, 2^31 + serial * 0x01020304
// fractions. The library sets no time by itself: without one, a message carries what its memory
// held before.
void stamp(igtl::MessageBase* message, const char* device, unsigned serial);

// Pack a message and print its line.
void emit(const char* name, igtl::MessageBase* message);
void print_line(const char* name, const char* type, const Bytes& bytes);

void write_poses();
void write_texts();
void write_images();
void write_arrays();
void write_records();
void write_polydata();
void write_bind();
void write_queries();

// Reading ---------------------------------------------------------------------------------------

// How messages of one type are unpacked and described.
struct Reader {
  std::string type;
  std::function<igtl::MessageBase::Pointer()> make;
  std::function<void(igtl::MessageBase*, json::Object&)> describe;
};

template <class Message>
Reader reader(const char* type, void (*describe)(Message*, json::Object&)) {
  return {type,
          [] { return igtl::MessageBase::Pointer(Message::New().GetPointer()); },
          [describe](igtl::MessageBase* message, json::Object& out) {
            describe(dynamic_cast<Message*>(message), out);
          }};
}

typedef std::vector<Reader> Readers;
Readers pose_readers();
Readers text_readers();
Readers image_readers();
Readers array_readers();
Readers record_readers();
Readers polydata_readers();
Readers bind_readers();
Readers query_readers();

// The reader of a type; null when the library has neither class nor C struct for it.
const Reader* find_reader(const std::string& type);

// 16 numbers of a 4x4 matrix, row by row.
std::string matrix_json(igtl::Matrix4x4& matrix);

#endif
