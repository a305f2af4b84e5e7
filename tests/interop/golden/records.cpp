// Messages that are lists of records: POINT, TRAJ, TDATA, QTDATA, IMGMETA, LBMETA.

#include "golden.h"

#include "igtlImageMetaMessage.h"
#include "igtlLabelMetaMessage.h"
#include "igtlPointMessage.h"
#include "igtlQuaternionTrackingDataMessage.h"
#include "igtlTrackingDataMessage.h"
#include "igtlTrajectoryMessage.h"

namespace {

// The longest names that the library reads back: it ignores a field without a NUL.
const char kName63[] = "a name of 63 letters, the longest that the reference reads back";
const char kGroup31[] = "a group of 31 letters, no more!";
const char kOwner19[] = "owner of 19 letters";
const char kTool19[] = "Tool of 19 letters!";
const char kDevice19[] = "device, 19 letters!";
static_assert(sizeof kName63 == 64 && sizeof kGroup31 == 32, "the NUL is the last of the field");
static_assert(sizeof kOwner19 == 20 && sizeof kTool19 == 20 && sizeof kDevice19 == 20, "likewise");

void add_point(igtl::PointMessage* message, const char* name, const char* group,
               const unsigned char (&rgba)[4], float x, float y, float z, float diameter,
               const char* owner) {
  igtl::PointElement::Pointer point = igtl::PointElement::New();
  point->SetName(name);
  point->SetGroupName(group);
  point->SetRGBA(rgba[0], rgba[1], rgba[2], rgba[3]);
  point->SetPosition(x, y, z);
  point->SetRadius(diameter);
  point->SetOwner(owner);
  message->AddPointElement(point);
}

void write_points() {
  igtl::PointMessage::Pointer message = igtl::PointMessage::New();
  stamp(message, "Fiducials", 60);
  add_point(message, "Nasion", "Fiducial", {255, 128, 64, 32}, 1.5f, -2.5f, 3.25f, 0.5f, "CT");
  add_point(message, kName63, kGroup31, {1, 2, 3, 4}, -100.125f, 200.25f, -300.5f, 7.75f, kOwner19);
  add_point(message, "", "", {0, 0, 0, 0}, 0.0f, 0.0f, 0.0f, 0.0f, "");
  emit("point", message);
}

void add_trajectory(igtl::TrajectoryMessage* message, const char* name, const char* group, int type,
                    const unsigned char (&rgba)[4], const float (&entry)[3],
                    const float (&target)[3], float diameter, const char* owner) {
  igtl::TrajectoryElement::Pointer trajectory = igtl::TrajectoryElement::New();
  trajectory->SetName(name);
  trajectory->SetGroupName(group);
  trajectory->SetType(static_cast<igtlUint8>(type));
  trajectory->SetRGBA(rgba[0], rgba[1], rgba[2], rgba[3]);
  trajectory->SetEntryPosition(entry[0], entry[1], entry[2]);
  trajectory->SetTargetPosition(target[0], target[1], target[2]);
  trajectory->SetRadius(diameter);
  trajectory->SetOwner(owner);
  message->AddTrajectoryElement(trajectory);
}

void write_trajectories() {
  igtl::TrajectoryMessage::Pointer message = igtl::TrajectoryMessage::New();
  stamp(message, "Plan", 61);
  add_trajectory(message, "Needle", "Biopsy", 3, {255, 128, 64, 32}, {1.5f, -2.5f, 3.25f},
                 {-4.5f, 5.75f, -6.125f}, 1.25f, "MR");
  add_trajectory(message, kName63, kGroup31, 1, {1, 2, 3, 4}, {10.5f, 20.5f, 30.5f}, {0, 0, 0},
                 2.5f, kOwner19);
  add_trajectory(message, "Target only", "", 2, {5, 6, 7, 8}, {0, 0, 0}, {-70.5f, 80.5f, 90.5f},
                 0.0f, "");
  emit("traj", message);
}

void add_tool(igtl::TrackingDataMessage* message, const char* name, int type,
              const float (&position)[3], const int (&thirds)[9]) {
  igtl::Matrix4x4 matrix;
  igtl::IdentityMatrix(matrix);
  for (int i = 0; i < 9; ++i) matrix[i / 3][i % 3] = third(thirds[i]);
  for (int row = 0; row < 3; ++row) matrix[row][3] = position[row];
  igtl::TrackingDataElement::Pointer tool = igtl::TrackingDataElement::New();
  tool->SetName(name);
  tool->SetType(static_cast<igtlUint8>(type));
  tool->SetMatrix(matrix);
  message->AddTrackingDataElement(tool);
}

void write_tracking_data() {
  igtl::TrackingDataMessage::Pointer message = igtl::TrackingDataMessage::New();
  stamp(message, "Tracker", 62);
  add_tool(message, "Probe", 1, {1.5f, -2.5f, 3.25f}, {2, -1, 2, 2, 2, -1, -1, 2, 2});
  add_tool(message, kTool19, 2, {-100.125f, 200.25f, -300.5f}, {-1, 2, 2, 2, -1, 2, 2, 2, -1});
  add_tool(message, "Tip", 3, {0.0f, 0.125f, 1e6f}, {3, 0, 0, 0, 3, 0, 0, 0, 3});
  add_tool(message, "", 4, {7.0f, 8.0f, 9.0f}, {2, 2, -1, -1, 2, 2, 2, -1, 2});
  emit("tdata", message);
}

void add_quaternion_tool(igtl::QuaternionTrackingDataMessage* message, const char* name, int type,
                         const float (&position)[3], const int (&ninths)[4]) {
  igtl::QuaternionTrackingDataElement::Pointer tool = igtl::QuaternionTrackingDataElement::New();
  tool->SetName(name);
  tool->SetType(static_cast<igtlUint8>(type));
  tool->SetPosition(position[0], position[1], position[2]);
  tool->SetQuaternion(ninth(ninths[0]), ninth(ninths[1]), ninth(ninths[2]), ninth(ninths[3]));
  message->AddQuaternionTrackingDataElement(tool);
}

void write_quaternion_tracking_data() {
  igtl::QuaternionTrackingDataMessage::Pointer message = igtl::QuaternionTrackingDataMessage::New();
  stamp(message, "Tracker", 63);
  add_quaternion_tool(message, "Probe", 1, {1.5f, -2.5f, 3.25f}, {2, -4, 5, 6});
  add_quaternion_tool(message, kTool19, 2, {-100.125f, 200.25f, -300.5f}, {6, 5, -4, 2});
  add_quaternion_tool(message, "Tip", 3, {0.0f, 0.125f, 1e6f}, {0, 0, 0, 9});
  add_quaternion_tool(message, "", 4, {7.0f, 8.0f, 9.0f}, {-5, 2, 6, 4});
  emit("qtdata", message);
}

void add_image_meta(igtl::ImageMetaMessage* message, const char* name, const char* device,
                    const char* modality, const char* patient, const char* patient_id,
                    unsigned seconds, unsigned nanoseconds, const igtlUint16 (&size)[3],
                    int scalar_type) {
  igtl::TimeStamp::Pointer time = igtl::TimeStamp::New();
  time->SetTime(seconds, nanoseconds);
  igtl::ImageMetaElement::Pointer image = igtl::ImageMetaElement::New();
  image->SetName(name);
  image->SetDeviceName(device);
  image->SetModality(modality);
  image->SetPatientName(patient);
  image->SetPatientID(patient_id);
  image->SetTimeStamp(time);
  image->SetSize(size[0], size[1], size[2]);
  image->SetScalarType(static_cast<igtlUint8>(scalar_type));
  message->AddImageMetaElement(image);
}

void write_image_meta() {
  igtl::ImageMetaMessage::Pointer message = igtl::ImageMetaMessage::New();
  stamp(message, "Archive", 64);
  add_image_meta(message, "Head, plain", "CT_1", "CT", "Doe^Jane", "0815", 1600000000, 250000000,
                 {512, 513, 64}, 4);
  add_image_meta(message, kName63, kDevice19, kGroup31, kName63, kName63, 1600000001,
                 123456789, {1, 65535, 2}, 11);
  emit("imgmeta", message);
}

void add_label_meta(igtl::LabelMetaMessage* message, const char* name, const char* device,
                    int label, const unsigned char (&rgba)[4], const igtlUint16 (&size)[3],
                    const char* owner) {
  igtl::LabelMetaElement::Pointer meta = igtl::LabelMetaElement::New();
  meta->SetName(name);
  meta->SetDeviceName(device);
  meta->SetLabel(static_cast<igtlUint8>(label));
  meta->SetRGBA(rgba[0], rgba[1], rgba[2], rgba[3]);
  meta->SetSize(size[0], size[1], size[2]);
  meta->SetOwner(owner);
  message->AddLabelMetaElement(meta);
}

void write_label_meta() {
  igtl::LabelMetaMessage::Pointer message = igtl::LabelMetaMessage::New();
  stamp(message, "Archive", 65);
  add_label_meta(message, "Liver", "LIVER_1", 7, {255, 128, 64, 32}, {512, 513, 64}, "CT_1");
  add_label_meta(message, kName63, kDevice19, 255, {1, 2, 3, 4}, {1, 65535, 2}, kOwner19);
  emit("lbmeta", message);
}

template <class Element>
json::Object named_and_coloured(Element* element) {
  igtlUint8 rgba[4];
  element->GetRGBA(rgba);
  return json::Object()
      .set("name", json::text(element->GetName()))
      .set("color", json::numbers(rgba, 4))
      .set("owner", json::text(element->GetOwner()));
}

void describe_point(igtl::PointMessage* message, json::Object& out) {
  std::vector<std::string> points;
  for (int i = 0; i < message->GetNumberOfPointElement(); ++i) {
    igtl::PointElement::Pointer point;
    message->GetPointElement(i, point);
    float position[3];
    point->GetPosition(position);
    points.push_back(named_and_coloured(point.GetPointer())
                         .set("group", json::text(point->GetGroupName()))
                         .set("position", json::numbers(position, 3))
                         .set("diameter", json::number(point->GetRadius()))
                         .str());
  }
  out.set("points", json::list(points));
}

void describe_trajectory(igtl::TrajectoryMessage* message, json::Object& out) {
  std::vector<std::string> trajectories;
  for (int i = 0; i < message->GetNumberOfTrajectoryElement(); ++i) {
    igtl::TrajectoryElement::Pointer trajectory;
    message->GetTrajectoryElement(i, trajectory);
    float entry[3];
    float target[3];
    trajectory->GetEntryPosition(entry);
    trajectory->GetTargetPosition(target);
    trajectories.push_back(named_and_coloured(trajectory.GetPointer())
                               .set("group", json::text(trajectory->GetGroupName()))
                               .set("type", json::number(trajectory->GetType()))
                               .set("entry", json::numbers(entry, 3))
                               .set("target", json::numbers(target, 3))
                               .set("diameter", json::number(trajectory->GetRadius()))
                               .str());
  }
  out.set("trajectories", json::list(trajectories));
}

void describe_tracking_data(igtl::TrackingDataMessage* message, json::Object& out) {
  std::vector<std::string> tools;
  for (int i = 0; i < message->GetNumberOfTrackingDataElements(); ++i) {
    igtl::TrackingDataElement::Pointer tool;
    message->GetTrackingDataElement(i, tool);
    igtl::Matrix4x4 matrix;
    tool->GetMatrix(matrix);
    tools.push_back(json::Object()
                        .set("name", json::text(tool->GetName()))
                        .set("type", json::number(tool->GetType()))
                        .set("matrix", matrix_json(matrix))
                        .str());
  }
  out.set("tools", json::list(tools));
}

void describe_quaternion_tracking_data(igtl::QuaternionTrackingDataMessage* message,
                                       json::Object& out) {
  std::vector<std::string> tools;
  for (int i = 0; i < message->GetNumberOfQuaternionTrackingDataElements(); ++i) {
    igtl::QuaternionTrackingDataElement::Pointer tool;
    message->GetQuaternionTrackingDataElement(i, tool);
    float position[3];
    float quaternion[4];
    tool->GetPosition(position);
    tool->GetQuaternion(quaternion);
    tools.push_back(json::Object()
                        .set("name", json::text(tool->GetName()))
                        .set("type", json::number(tool->GetType()))
                        .set("position", json::numbers(position, 3))
                        .set("quaternion", json::numbers(quaternion, 4))
                        .str());
  }
  out.set("tools", json::list(tools));
}

void describe_image_meta(igtl::ImageMetaMessage* message, json::Object& out) {
  std::vector<std::string> images;
  for (int i = 0; i < message->GetNumberOfImageMetaElement(); ++i) {
    igtl::ImageMetaElement::Pointer image;
    message->GetImageMetaElement(i, image);
    igtl::TimeStamp::Pointer time;
    image->GetTimeStamp(time);
    igtlUint16 size[3];
    image->GetSize(size);
    images.push_back(
        json::Object()
            .set("name", json::text(image->GetName()))
            .set("id", json::text(image->GetDeviceName()))
            .set("modality", json::text(image->GetModality()))
            .set("patient_name", json::text(image->GetPatientName()))
            .set("patient_id", json::text(image->GetPatientID()))
            .set("time", json::number(time->GetTimeStamp()))
            .set("size", json::numbers(size, 3))
            .set("scalar_type", json::number(image->GetScalarType()))
            .str());
  }
  out.set("images", json::list(images));
}

void describe_label_meta(igtl::LabelMetaMessage* message, json::Object& out) {
  std::vector<std::string> labels;
  for (int i = 0; i < message->GetNumberOfLabelMetaElement(); ++i) {
    igtl::LabelMetaElement::Pointer label;
    message->GetLabelMetaElement(i, label);
    igtlUint16 size[3];
    label->GetSize(size);
    labels.push_back(named_and_coloured(label.GetPointer())
                         .set("id", json::text(label->GetDeviceName()))
                         .set("label", json::number(label->GetLabel()))
                         .set("size", json::numbers(size, 3))
                         .str());
  }
  out.set("labels", json::list(labels));
}

}  // namespace

void write_records() {
  write_points();
  write_trajectories();
  write_tracking_data();
  write_quaternion_tracking_data();
  write_image_meta();
  write_label_meta();
}

Readers record_readers() {
  return {reader("POINT", describe_point),
          reader("TRAJ", describe_trajectory),
          reader("TDATA", describe_tracking_data),
          reader("QTDATA", describe_quaternion_tracking_data),
          reader("IMGMETA", describe_image_meta),
          reader("LBMETA", describe_label_meta)};
}
