// IMAGE, by both classes of the library, and COLORT.

#include "golden.h"

#include <algorithm>
#include <cstdint>

#include "igtlColorTableMessage.h"
#include "igtlImageMessage.h"
#include "igtlImageMessage2.h"

namespace {

// Where an image lies: `turned` by exact quarter turns, or `oblique` by thirds.
void turned(igtl::Matrix4x4& matrix) {
  const float rows[16] = {0, 0,  -1, 12.5f,     //
                          1, 0,  0,  -7.25f,    //
                          0, -1, 0,  100.125f,  //
                          0, 0,  0,  1};
  std::memcpy(matrix, rows, sizeof rows);
}

void oblique(igtl::Matrix4x4& matrix) {
  const float rows[16] = {third(2),  third(-1), third(2),  -12.5f,    //
                          third(2),  third(2),  third(-1), 7.25f,     //
                          third(-1), third(2),  third(2),  -100.125f,  //
                          0,         0,         0,         1};
  std::memcpy(matrix, rows, sizeof rows);
}

// Pixels number 0, 1, 2, ... of each scalar type: negative where it can be, all bytes at work.
template <class Scalar>
Bytes pixels(size_t count, double first, double step) {
  Bytes bytes(count * sizeof(Scalar));
  for (size_t i = 0; i < count; ++i) {
    const Scalar value = static_cast<Scalar>(first + step * static_cast<double>(i));
    std::memcpy(&bytes[i * sizeof(Scalar)], &value, sizeof value);
  }
  return bytes;
}

bool little_host() {
  const uint16_t probe = 1;
  return *reinterpret_cast<const unsigned char*>(&probe) == 1;
}

// An image that tells how its pixels lie: by default the library says big-endian of any pixels.
template <class Message>
typename Message::Pointer image(unsigned serial, int scalar_type, int components) {
  typename Message::Pointer message = Message::New();
  stamp(message, "Ultrasound", serial);
  message->SetDimensions(3, 4, 5);
  message->SetSpacing(0.5f, 0.75f, 1.25f);
  message->SetScalarType(scalar_type);
  message->SetNumComponents(components);
  message->SetEndian(little_host() ? Message::ENDIAN_LITTLE : Message::ENDIAN_BIG);
  igtl::Matrix4x4 matrix;
  turned(matrix);
  message->SetMatrix(matrix);
  return message;
}

void fill(igtl::ImageMessage* message, const Bytes& bytes) {
  message->AllocateScalars();
  std::memcpy(message->GetScalarPointer(), bytes.data(), bytes.size());
}

void write_scalar_type(const char* name, unsigned serial, int scalar_type, const Bytes& bytes) {
  igtl::ImageMessage::Pointer message = image<igtl::ImageMessage>(serial, scalar_type, 1);
  fill(message, bytes);
  emit(name, message);
}

void write_scalar_types() {
  write_scalar_type("image-int8", 20, 2, pixels<int8_t>(60, -120, 4));
  write_scalar_type("image-uint8", 21, 3, pixels<uint8_t>(60, 1, 4));
  write_scalar_type("image-int16", 22, 4, pixels<int16_t>(60, -30000, 1001));
  write_scalar_type("image-uint16", 23, 5, pixels<uint16_t>(60, 5000, 1001));
  write_scalar_type("image-int32", 24, 6, pixels<int32_t>(60, -2000000000.0, 67000001));
  write_scalar_type("image-uint32", 25, 7, pixels<uint32_t>(60, 100000000, 70000001));
  write_scalar_type("image-float32", 26, 10, pixels<float>(60, -20.125, 0.75));
  write_scalar_type("image-float64", 27, 11,
                    pixels<double>(60, -999999999999999.5, 33333333333333.25));
}

// The library swaps no pixels: who says big-endian has to write them so.
void write_big_endian() {
  igtl::ImageMessage::Pointer message = image<igtl::ImageMessage>(28, 4, 1);
  Bytes bytes = pixels<int16_t>(60, -30000, 1001);
  for (size_t i = 0; little_host() && i < bytes.size(); i += 2) std::swap(bytes[i], bytes[i + 1]);
  message->SetEndian(igtl::ImageMessage::ENDIAN_BIG);
  fill(message, bytes);
  emit("image-big-endian", message);
}

void write_rgb() {
  igtl::ImageMessage::Pointer message = image<igtl::ImageMessage>(29, 3, 3);
  fill(message, pixels<uint8_t>(180, 3, 1));
  emit("image-rgb", message);
}

void write_sub_volumes() {
  igtl::ImageMessage::Pointer message = image<igtl::ImageMessage>(30, 4, 1);
  message->SetSubVolume(2, 1, 3, 1, 3, 2);
  fill(message, pixels<int16_t>(6, -300, 150));
  emit("image-sub-volume", message);

  message = image<igtl::ImageMessage>(31, 3, 3);
  message->SetSubVolume(2, 1, 3, 1, 3, 2);
  fill(message, pixels<uint8_t>(18, 10, 13));
  emit("image-sub-volume-rgb", message);
}

void write_geometries() {
  igtl::ImageMessage::Pointer message = image<igtl::ImageMessage>(32, 3, 1);
  message->SetCoordinateSystem(igtl::ImageMessage::COORDINATE_LPS);
  fill(message, pixels<uint8_t>(60, 1, 4));
  emit("image-lps", message);

  message = image<igtl::ImageMessage>(33, 3, 1);
  igtl::Matrix4x4 matrix;
  oblique(matrix);
  message->SetMatrix(matrix);
  fill(message, pixels<uint8_t>(60, 1, 4));
  emit("image-oblique", message);

  // By spacing, origin and axes instead of a matrix; one slice, as most images are.
  float axes[3][3] = {{0, 1, 0}, {0, 0, -1}, {-1, 0, 0}};
  message = igtl::ImageMessage::New();
  stamp(message, "", 34);
  message->SetDimensions(4, 3, 1);
  message->SetSpacing(0.25f, 0.5f, 2.0f);
  message->SetOrigin(1.5f, -2.5f, 3.5f);
  message->SetNormals(axes[0], axes[1], axes[2]);
  message->SetScalarTypeToUint8();
  fill(message, pixels<uint8_t>(12, 7, 20));
  emit("image-slice", message);
}

// The other class keeps the pixels where the caller has them, and packs three fragments.
void write_fragments() {
  igtl::ImageMessage2::Pointer message = image<igtl::ImageMessage2>(35, 5, 1);
  Bytes shorts = pixels<uint16_t>(60, 5000, 1001);
  message->AllocateScalars();
  message->SetScalarPointer(shorts.data());
  message->Pack();
  Bytes bytes;
  for (int i = 0; i < message->GetNumberOfPackFragments(); ++i) {
    const unsigned char* first =
        static_cast<const unsigned char*>(message->GetPackFragmentPointer(i));
    bytes.insert(bytes.end(), first, first + message->GetPackFragmentSize(i));
  }
  print_line("image-fragments", "IMAGE", bytes);
}

void write_color_table(const char* name, unsigned serial, int index_type, int map_type,
                       const Bytes& table) {
  igtl::ColorTableMessage::Pointer message = igtl::ColorTableMessage::New();
  stamp(message, "Labels", serial);
  message->SetIndexType(index_type);
  message->SetMapType(map_type);
  message->AllocateTable();
  std::memcpy(message->GetTablePointer(), table.data(), table.size());
  emit(name, message);
}

Bytes modular_bytes(size_t count, size_t factor, size_t modulus) {
  Bytes bytes(count);
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<unsigned char>(i * factor % modulus);
  return bytes;
}

Bytes modular_shorts(size_t count, size_t factor, size_t modulus) {
  Bytes bytes(2 * count);
  for (size_t i = 0; i < count; ++i) {
    const uint16_t value = static_cast<uint16_t>(i * factor % modulus);
    std::memcpy(&bytes[2 * i], &value, 2);
  }
  return bytes;
}

void write_color_tables() {
  write_color_table("colort-8-to-8", 36, 3, 3, modular_bytes(256, 7, 251));
  write_color_table("colort-8-to-16", 37, 3, 5, modular_shorts(256, 601, 65521));
  write_color_table("colort-8-to-rgb", 38, 3, 19, modular_bytes(768, 7, 251));
  write_color_table("colort-16-to-8", 39, 5, 3, modular_bytes(65536, 7, 251));
  write_color_table("colort-16-to-16", 40, 5, 5, modular_shorts(65536, 601, 65521));
  write_color_table("colort-16-to-rgb", 41, 5, 19, modular_bytes(196608, 7, 251));
}

// Numbers at `data`, `swapped` when their byte order is not this machine's.
template <class Scalar>
std::string scalars(const void* data, size_t count, bool swapped) {
  std::vector<Scalar> values(count);
  unsigned char* bytes = reinterpret_cast<unsigned char*>(values.data());
  if (count) std::memcpy(bytes, data, count * sizeof(Scalar));
  for (size_t i = 0; swapped && i < count; ++i) {
    std::reverse(bytes + i * sizeof(Scalar), bytes + (i + 1) * sizeof(Scalar));
  }
  return json::numbers(values.data(), count);
}

std::string pixel_numbers(igtl::ImageMessage* message) {
  const void* data = message->GetScalarPointer();
  const int scalar_type = message->GetScalarType();
  const int scalar_size = message->GetScalarSize();
  const size_t count = static_cast<size_t>(message->GetSubVolumeImageSize() / scalar_size);
  const bool swapped = (message->GetEndian() == igtl::ImageMessage::ENDIAN_LITTLE) != little_host();
  switch (scalar_type) {
    case 2: return scalars<int8_t>(data, count, swapped);
    case 3: return scalars<uint8_t>(data, count, swapped);
    case 4: return scalars<int16_t>(data, count, swapped);
    case 5: return scalars<uint16_t>(data, count, swapped);
    case 6: return scalars<int32_t>(data, count, swapped);
    case 7: return scalars<uint32_t>(data, count, swapped);
    case 10: return scalars<float>(data, count, swapped);
    case 11: return scalars<double>(data, count, swapped);
    default: return "null";
  }
}

void describe_image(igtl::ImageMessage* message, json::Object& out) {
  int size[3];
  int sub_size[3];
  int sub_offset[3];
  float spacing[3];
  igtl::Matrix4x4 matrix;
  message->GetDimensions(size);
  message->GetSubVolume(sub_size, sub_offset);
  message->GetSpacing(spacing);
  message->GetMatrix(matrix);
  out.set("components", json::number(message->GetNumComponents()));
  out.set("scalar_type", json::number(message->GetScalarType()));
  out.set("endian", json::text(message->GetEndian() == 1 ? "big" : "little"));
  out.set("coordinates", json::text(message->GetCoordinateSystem() == 1 ? "RAS" : "LPS"));
  out.set("size", json::numbers(size, 3));
  out.set("spacing", json::numbers(spacing, 3));
  out.set("matrix", matrix_json(matrix));
  out.set("sub_volume_offset", json::numbers(sub_offset, 3));
  out.set("sub_volume_size", json::numbers(sub_size, 3));
  out.set("pixels", pixel_numbers(message));
}

void describe_color_table(igtl::ColorTableMessage* message, json::Object& out) {
  const bool wide = message->GetMapType() == igtl::ColorTableMessage::MAP_UINT16;
  const size_t size = static_cast<size_t>(message->GetColorTableSize());
  out.set("index_type", json::number(message->GetIndexType()));
  out.set("map_type", json::number(message->GetMapType()));
  out.set("table", wide ? scalars<uint16_t>(message->GetTablePointer(), size / 2, false)
                        : scalars<uint8_t>(message->GetTablePointer(), size, false));
}

}  // namespace

void write_images() {
  write_scalar_types();
  write_big_endian();
  write_rgb();
  write_sub_volumes();
  write_geometries();
  write_fragments();
  write_color_tables();
}

Readers image_readers() {
  return {reader("IMAGE", describe_image), reader("COLORT", describe_color_table)};
}
