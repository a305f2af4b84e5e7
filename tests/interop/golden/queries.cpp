// Queries: GET_, STT_, STP_, RTS_ of all types but BIND.
//
// The library has classes for some. The others are packed as it packs a query class of a user, so
// that their headers, time stamps and CRC are its own, and only name and content are ours.

#include "golden.h"

#include "igtlCapabilityMessage.h"
#include "igtlColorTableMessage.h"
#include "igtlImageMessage.h"
#include "igtlImageMetaMessage.h"
#include "igtlLabelMetaMessage.h"
#include "igtlPointMessage.h"
#include "igtlPolyDataMessage.h"
#include "igtlQuaternionTrackingDataMessage.h"
#include "igtlStatusMessage.h"
#include "igtlTrackingDataMessage.h"
#include "igtlTrajectoryMessage.h"
#include "igtlTransformMessage.h"

namespace {

template <class Message>
void write_empty(const char* name, const char* device, unsigned serial) {
  typename Message::Pointer message = Message::New();
  stamp(message, device, serial);
  emit(name, message);
}

template <class Message>
void write_start(const char* name, unsigned serial, int interval, const char* coordinates) {
  typename Message::Pointer message = Message::New();
  stamp(message, "Tracker", serial);
  message->SetResolution(interval);
  message->SetCoordinateName(coordinates);
  emit(name, message);
}

template <class Message>
void write_ready(const char* name, unsigned serial, int status) {
  typename Message::Pointer message = Message::New();
  stamp(message, "Tracker", serial);
  message->SetStatus(static_cast<igtlUint8>(status));
  emit(name, message);
}

void write_classes() {
  write_empty<igtl::GetTransformMessage>("get-trans", "ProbeToTracker", 90);
  write_empty<igtl::GetImageMessage>("get-image", "CT", 91);
  write_empty<igtl::GetStatusMessage>("get-status", "Scanner", 92);
  write_empty<igtl::GetCapabilityMessage>("get-capabil", "", 93);
  write_empty<igtl::GetPointMessage>("get-point", "Fiducials", 94);
  write_empty<igtl::GetTrajectoryMessage>("get-traj", "Plan", 95);
  write_empty<igtl::GetImageMetaMessage>("get-imgmeta", "Archive", 96);
  write_empty<igtl::GetLabelMetaMessage>("get-lbmeta", "Archive", 97);
  write_empty<igtl::GetColorTableMessage>("get-colort", "Labels", 98);
  write_empty<igtl::GetPolyDataMessage>("get-polydata", "Liver", 99);
  write_start<igtl::StartTrackingDataMessage>("stt-tdata", 100, 20, "Patient");
  write_empty<igtl::StopTrackingDataMessage>("stp-tdata", "Tracker", 101);
  write_ready<igtl::RTSTrackingDataMessage>("rts-tdata", 102, 1);
  write_start<igtl::StartQuaternionTrackingDataMessage>("stt-qtdata", 103, 70000,
                                                        "frame of 31 letters, the most..");
  write_empty<igtl::StopQuaternionTrackingDataMessage>("stp-qtdata", "Tracker", 104);
  write_ready<igtl::RTSQuaternionTrackingDataMessage>("rts-qtdata", 105, 0);
}

struct Framed {
  const char* name;
  const char* type;
  Bytes content;
};

// Types without a class. Contents: none, or the status byte of RTS_.
const std::vector<Framed>& framed() {
  static const std::vector<Framed> all = {
      {"stt-trans", "STT_TRANS", {}},         {"stp-trans", "STP_TRANS", {}},
      {"rts-trans", "RTS_TRANS", {1}},        {"get-position", "GET_POSITION", {}},
      {"stt-position", "STT_POSITION", {}},   {"stp-position", "STP_POSITION", {}},
      {"rts-position", "RTS_POSITION", {0}},  {"get-qtrans", "GET_QTRANS", {}},
      {"stt-qtrans", "STT_QTRANS", {}},       {"stp-qtrans", "STP_QTRANS", {}},
      {"rts-qtrans", "RTS_QTRANS", {1}},      {"stt-image", "STT_IMAGE", {}},
      {"stp-image", "STP_IMAGE", {}},         {"rts-image", "RTS_IMAGE", {1}},
      {"rts-capabil", "RTS_CAPABIL", {0}},    {"get-string", "GET_STRING", {}},
      {"get-tdata", "GET_TDATA", {}},         {"get-qtdata", "GET_QTDATA", {}},
      {"get-sensor", "GET_SENSOR", {}},       {"stt-sensor", "STT_SENSOR", {}},
      {"stp-sensor", "STP_SENSOR", {}},       {"rts-sensor", "RTS_SENSOR", {1}},
      {"get-ndarray", "GET_NDARRAY", {}},     {"stt-ndarray", "STT_NDARRAY", {}},
      {"stp-ndarray", "STP_NDARRAY", {}},     {"rts-ndarray", "RTS_NDARRAY", {0}},
      {"stt-polydata", "STT_POLYDATA", {}},   {"stp-polydata", "STP_POLYDATA", {}},
      {"rts-polydata", "RTS_POLYDATA", {1}},
      {"get-video", "GET_VIDEO", {}},         {"stp-video", "STP_VIDEO", {}},
      {"rts-video", "RTS_VIDEO", {1}},        {"get-vmeta", "GET_VMETA", {}},
  };
  return all;
}

void write_framed() {
  unsigned serial = 110;
  for (const Framed& one : framed()) {
    RawMessage::Pointer message = RawMessage::New();
    message->SetContent(one.type, one.content);
    stamp(message, "Anything", serial++);
    emit(one.name, message);
  }
}

template <class Message>
void describe_empty(Message*, json::Object&) {}

template <class Message>
void describe_start(Message* message, json::Object& out) {
  out.set("resolution", json::number(message->GetResolution()));
  out.set("coordinate_name", json::text(message->GetCoordinateName()));
}

template <class Message>
void describe_ready(Message* message, json::Object& out) {
  out.set("status", json::number(message->GetStatus()));
}

void describe_framed(RawMessage* message, json::Object& out) {
  const unsigned char* body = static_cast<const unsigned char*>(message->GetPackBodyPointer());
  const size_t size = static_cast<size_t>(message->GetPackBodySize());
  if (size == 1) out.set("status", json::number(body[0]));
  if (size > 1) out.set("content", json::numbers(body, size));
}

}  // namespace

void write_queries() {
  write_classes();
  write_framed();
}

Readers query_readers() {
  Readers readers = {
      reader("GET_TRANS", describe_empty<igtl::GetTransformMessage>),
      reader("GET_IMAGE", describe_empty<igtl::GetImageMessage>),
      reader("GET_STATUS", describe_empty<igtl::GetStatusMessage>),
      reader("GET_CAPABIL", describe_empty<igtl::GetCapabilityMessage>),
      reader("GET_POINT", describe_empty<igtl::GetPointMessage>),
      reader("GET_TRAJ", describe_empty<igtl::GetTrajectoryMessage>),
      reader("GET_IMGMETA", describe_empty<igtl::GetImageMetaMessage>),
      reader("GET_LBMETA", describe_empty<igtl::GetLabelMetaMessage>),
      reader("GET_COLORT", describe_empty<igtl::GetColorTableMessage>),
      reader("GET_POLYDATA", describe_empty<igtl::GetPolyDataMessage>),
      reader("STT_TDATA", describe_start<igtl::StartTrackingDataMessage>),
      reader("STP_TDATA", describe_empty<igtl::StopTrackingDataMessage>),
      reader("RTS_TDATA", describe_ready<igtl::RTSTrackingDataMessage>),
      reader("STT_QTDATA", describe_start<igtl::StartQuaternionTrackingDataMessage>),
      reader("STP_QTDATA", describe_empty<igtl::StopQuaternionTrackingDataMessage>),
      reader("RTS_QTDATA", describe_ready<igtl::RTSQuaternionTrackingDataMessage>),
  };
  for (const Framed& one : framed()) readers.push_back(reader(one.type, describe_framed));
  return readers;
}
