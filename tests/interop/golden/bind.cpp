// BIND and its queries.

#include "golden.h"

#include "igtlBindMessage.h"
#include "igtlImageMessage.h"
#include "igtlStringMessage.h"
#include "igtlTransformMessage.h"
#include "igtl_bind.h"

namespace {

igtl::TransformMessage::Pointer transform_child(const char* device) {
  igtl::Matrix4x4 matrix;
  igtl::IdentityMatrix(matrix);
  matrix[0][3] = 1.5f;
  matrix[1][3] = -2.5f;
  matrix[2][3] = 3.25f;
  igtl::TransformMessage::Pointer message = igtl::TransformMessage::New();
  stamp(message, device, 81);
  message->SetMatrix(matrix);
  message->Pack();
  return message;
}

igtl::StringMessage::Pointer string_child(const char* device, const char* text) {
  igtl::StringMessage::Pointer message = igtl::StringMessage::New();
  stamp(message, device, 82);
  message->SetString(text);
  message->Pack();
  return message;
}

igtl::ImageMessage::Pointer image_child(const char* device) {
  igtl::ImageMessage::Pointer message = igtl::ImageMessage::New();
  stamp(message, device, 83);
  message->SetDimensions(3, 1, 1);
  message->SetSpacing(0.5f, 0.75f, 1.25f);
  message->SetOrigin(4.5f, 5.5f, 6.5f);
  message->SetScalarTypeToUint8();
  message->AllocateScalars();
  const unsigned char pixels[3] = {9, 8, 7};
  std::memcpy(message->GetScalarPointer(), pixels, sizeof pixels);
  message->Pack();
  return message;
}

// Children of odd sizes (text of 3 bytes: 7 bytes) and a name table of odd length before padding.
void write_bind_message() {
  igtl::BindMessage::Pointer message = igtl::BindMessage::New();
  stamp(message, "Frame", 80);
  message->Init();
  // The message keeps addresses only: its children have to live until it is packed.
  const std::vector<igtl::MessageBase::Pointer> children = {
      string_child("Label", "one").GetPointer(),
      transform_child("ProbeToTracker").GetPointer(),
      image_child("US").GetPointer(),
      string_child("Note", "four").GetPointer(),
  };
  for (const igtl::MessageBase::Pointer& child : children) {
    message->AppendChildMessage(child.GetPointer());
  }
  emit("bind", message);
}

// The library writes no resolution: the 8 bytes stay as its memory was, zero here. A query for
// everything is 4 bytes that it never sets, zero here as well. It pads no name table of a query,
// and finds no name in one of odd length.
void write_bind_queries() {
  igtl::GetBindMessage::Pointer get = igtl::GetBindMessage::New();
  stamp(get, "Frame", 84);
  get->AppendChildMessage("TRANSFORM", "ProbeToTracker");
  get->AppendChildMessage("IMAGE", "US");
  emit("get-bind", get);
  get = igtl::GetBindMessage::New();
  stamp(get, "Frame", 85);
  get->AppendChildMessage("STRING", "Label");
  get->AppendChildMessage("IMAGE", "CT");
  emit("get-bind-odd-names", get);
  get = igtl::GetBindMessage::New();
  stamp(get, "Frame", 86);
  emit("get-bind-everything", get);

  igtl::StartBindMessage::Pointer start = igtl::StartBindMessage::New();
  stamp(start, "Frame", 87);
  start->AppendChildMessage("STRING", "Label");
  start->AppendChildMessage("TDATA", "Tracker");
  emit("stt-bind", start);

  igtl::StopBindMessage::Pointer stop = igtl::StopBindMessage::New();
  stamp(stop, "Frame", 88);
  emit("stp-bind", stop);

  igtl::RTSBindMessage::Pointer ready = igtl::RTSBindMessage::New();
  stamp(ready, "Frame", 89);
  ready->SetStatus(igtl::RTSBindMessage::STATUS_ERROR);
  emit("rts-bind", ready);
}

std::string child_json(igtl::BindMessage* bind, unsigned index) {
  const std::string type = bind->GetChildMessageType(index);
  const Reader* reader = find_reader(type);
  json::Object out;
  out.set("type", json::text(type));
  if (!reader) return out.str();
  igtl::MessageBase::Pointer child = reader->make();
  bind->GetChildMessage(index, child.GetPointer());
  child->Unpack(0);
  out.set("device_name", json::text(child->GetDeviceName()));
  reader->describe(child.GetPointer(), out);
  return out.str();
}

void describe_bind(igtl::BindMessage* message, json::Object& out) {
  std::vector<std::string> children;
  for (int i = 0; i < message->GetNumberOfChildMessages(); ++i) {
    children.push_back(child_json(message, static_cast<unsigned>(i)));
  }
  out.set("children", json::list(children));
}

// GetBindMessage and StartBindMessage read nothing that they get; the C function beneath them does.
void describe_request(RawMessage* message, int prefix, json::Object& out) {
  std::vector<std::string> children;
  igtl_bind_info info = {};
  igtl_bind_unpack(prefix, message->GetPackBodyPointer(), &info,
                   static_cast<igtl_uint64>(message->GetPackBodySize()));
  for (int i = 0; i < info.ncmessages; ++i) {
    const igtl_bind_child_info& child = info.child_info_array[i];
    children.push_back(json::list({json::text(child.type), json::text(child.name)}));
  }
  if (prefix == IGTL_TYPE_PREFIX_STT) out.set("resolution", json::number(info.resol));
  out.set("children", json::list(children));
  igtl_bind_free_info(&info);
}

void describe_get_bind(RawMessage* message, json::Object& out) {
  if (message->GetPackBodySize() > 0) return describe_request(message, IGTL_TYPE_PREFIX_GET, out);
  out.set("children", "[]");
}

void describe_start_bind(RawMessage* message, json::Object& out) {
  describe_request(message, IGTL_TYPE_PREFIX_STT, out);
}

void describe_stop_bind(igtl::StopBindMessage*, json::Object&) {}

void describe_ready_bind(igtl::RTSBindMessage* message, json::Object& out) {
  out.set("status", json::number(message->GetStatus()));
}

}  // namespace

void write_bind() {
  write_bind_message();
  write_bind_queries();
}

Readers bind_readers() {
  return {reader("BIND", describe_bind), reader("GET_BIND", describe_get_bind),
          reader("STT_BIND", describe_start_bind), reader("STP_BIND", describe_stop_bind),
          reader("RTS_BIND", describe_ready_bind)};
}
