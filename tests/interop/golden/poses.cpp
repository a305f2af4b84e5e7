// TRANSFORM, POSITION and QTRANS.

#include "golden.h"

#include "igtlPositionMessage.h"
#include "igtlTransformMessage.h"
#include "igtl_position.h"
#include "igtl_qtrans.h"

namespace {

void write_transform(const char* name, const char* device, unsigned serial, const float rows[12]) {
  igtl::Matrix4x4 matrix = {{0}};
  for (int i = 0; i < 12; ++i) matrix[i / 4][i % 4] = rows[i];
  matrix[3][3] = 1.0f;
  igtl::TransformMessage::Pointer message = igtl::TransformMessage::New();
  stamp(message, device, serial);
  message->SetMatrix(matrix);
  emit(name, message);
}

void write_position() {
  igtl::PositionMessage::Pointer message = igtl::PositionMessage::New();
  stamp(message, "Pointer", 3);
  message->SetPosition(-1.5f, 20.25f, 300.125f);
  message->SetQuaternion(ninth(2), ninth(-4), ninth(5), ninth(6));
  emit("position-28", message);
}

// Messages whose content is the first `size` bytes of a C struct of the library, converted.
template <class Struct>
void write_struct(const char* name, const char* type, const char* device, unsigned serial,
                  Struct content, void (*convert)(Struct*), size_t size) {
  convert(&content);
  const unsigned char* first = reinterpret_cast<const unsigned char*>(&content);
  RawMessage::Pointer message = RawMessage::New();
  message->SetContent(type, Bytes(first, first + size));
  stamp(message, device, serial);
  emit(name, message);
}

// PositionMessage writes behind its buffer when it packs the two short forms, and QTRANS has no
// class: these are made from the C structs.
void write_structs() {
  const igtl_position position = {{-1.5f, 20.25f, 300.125f},
                                  {ninth(2), ninth(-4), ninth(5), ninth(6)}};
  write_struct("position-24", "POSITION", "Pointer", 4, position,
               igtl_position_convert_byte_order_quaternion3, 24);
  write_struct("position-12", "POSITION", "Pointer", 5, position,
               igtl_position_convert_byte_order_position_only, 12);
  const igtl_qtrans qtrans = {{4.5f, -5.75f, 6.125f}, {ninth(-6), ninth(5), ninth(4), ninth(2)}};
  write_struct("qtrans", "QTRANS", "Stylus", 6, qtrans, igtl_qtrans_convert_byte_order, 28);
}

void describe_transform(igtl::TransformMessage* message, json::Object& out) {
  igtl::Matrix4x4 matrix;
  message->GetMatrix(matrix);
  out.set("matrix", matrix_json(matrix));
}

void describe_position(igtl::PositionMessage* message, json::Object& out) {
  float position[3];
  float quaternion[4];
  message->GetPosition(position);
  message->GetQuaternion(quaternion);
  out.set("position", json::numbers(position, 3));
  out.set("quaternion", json::numbers(quaternion, 4));
}

void describe_qtrans(RawMessage* message, json::Object& out) {
  igtl_qtrans content = {};
  if (message->GetPackBodySize() != static_cast<int>(sizeof content)) return;
  std::memcpy(&content, message->GetPackBodyPointer(), sizeof content);
  igtl_qtrans_convert_byte_order(&content);
  out.set("position", json::numbers(content.qtrans, 3));
  out.set("quaternion", json::numbers(content.quaternion, 4));
}

}  // namespace

void write_poses() {
  const float rigid[12] = {third(2),  third(-1), third(2),  10.5f,    //
                           third(2),  third(2),  third(-1), -20.25f,  //
                           third(-1), third(2),  third(2),  30.125f};
  write_transform("transform", "Probe", 1, rigid);
  // Nothing of it is a rotation: every number must stay in its place.
  const float counted[12] = {1.5f, -2.5f, 3.5f, -4.5f, 5.5f, -6.5f,
                             7.5f, -8.5f, 9.5f, -10.5f, 11.5f, -12.5f};
  write_transform("transform-counted", "TwentyCharacterName1", 2, counted);
  write_position();
  write_structs();
}

Readers pose_readers() {
  return {reader("TRANSFORM", describe_transform), reader("POSITION", describe_position),
          reader("QTRANS", describe_qtrans)};
}
