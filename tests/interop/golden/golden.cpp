// The program: `golden write` and `golden read`. See golden.h.

#include "golden.h"

#include <cstdlib>
#include <iostream>
#include <new>

#include "igtlMessageHeader.h"

// The library packs into memory from new[], and leaves the reserved bytes of TRAJ, TDATA, QTDATA,
// IMGMETA and LBMETA as they are. Zeroed memory makes every run write the same bytes.
void* operator new[](std::size_t size) {
  if (void* memory = std::calloc(size ? size : 1, 1)) return memory;
  throw std::bad_alloc();
}
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

const unsigned kHeaderSize = 58;
const char kDigits[] = "0123456789abcdef";

const Readers& all_readers() {
  static const Readers readers = [] {
    Readers all;
    for (const Readers& group :
         {pose_readers(), text_readers(), image_readers(), array_readers(), record_readers(),
          polydata_readers(), bind_readers(), query_readers()}) {
      all.insert(all.end(), group.begin(), group.end());
    }
    return all;
  }();
  return readers;
}

Bytes from_hex(const std::string& digits) {
  Bytes bytes;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<unsigned char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

std::string error(const std::string& name, const std::string& what) {
  return json::Object().set("name", json::text(name)).set("error", json::text(what)).str();
}

// What the library understands of one message, as JSON.
std::string read(const std::string& name, const Bytes& bytes) {
  if (bytes.size() < kHeaderSize) return error(name, "shorter than a header");
  igtl::MessageHeader::Pointer header = igtl::MessageHeader::New();
  header->InitPack();
  std::memcpy(header->GetPackPointer(), bytes.data(), kHeaderSize);
  header->Unpack();
  const std::string type = header->GetDeviceType();
  if (type.empty()) return error(name, "header not understood");
  const size_t size = static_cast<size_t>(header->GetBodySizeToRead());
  if (size != bytes.size() - kHeaderSize) return error(name, "body is not as long as announced");
  const Reader* found = find_reader(type);
  if (!found) return error(name, "type " + type + " unknown to the library");

  igtl::MessageBase::Pointer message = found->make();
  message->SetMessageHeader(header);
  message->AllocatePack();
  if (static_cast<size_t>(message->GetPackBodySize()) != size) return error(name, "body size");
  if (size) std::memcpy(message->GetPackBodyPointer(), bytes.data() + kHeaderSize, size);
  const int unpacked = message->Unpack(1);
  if (size && !(unpacked & igtl::MessageHeader::UNPACK_BODY)) return error(name, "body refused");

  unsigned seconds = 0;
  unsigned fraction = 0;
  message->GetTimeStamp(&seconds, &fraction);
  json::Object out;
  out.set("name", json::text(name)).set("type", json::text(type));
  out.set("device_name", json::text(message->GetDeviceName()));
  out.set("timestamp", json::list({json::number(seconds), json::number(fraction)}));
  found->describe(message, out);
  return out.str();
}

int read_lines() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const size_t tab = line.find('\t');
    if (tab == std::string::npos) {
      std::cerr << "golden read: expected NAME <tab> hexadecimal digits\n";
      return 2;
    }
    std::cout << read(line.substr(0, tab), from_hex(line.substr(tab + 1))) << std::endl;
  }
  return 0;
}

int write_lines() {
  write_poses();
  write_texts();
  write_images();
  write_arrays();
  write_records();
  write_polydata();
  write_bind();
  write_queries();
  return 0;
}

}  // namespace

const Reader* find_reader(const std::string& type) {
  for (const Reader& reader : all_readers()) {
    if (reader.type == type) return &reader;
  }
  return nullptr;
}

std::string matrix_json(igtl::Matrix4x4& matrix) {
  std::vector<std::string> rows;
  for (int row = 0; row < 4; ++row) rows.push_back(json::numbers(matrix[row], 4));
  return json::list(rows);
}

void stamp(igtl::MessageBase* message, const char* device, unsigned serial) {
  message->SetDeviceName(device);
  message->SetTimeStamp(1700000000u + serial, 0x80000000u + serial * 0x01020304u);
}

void print_line(const char* name, const char* type, const Bytes& bytes) {
  std::string digits;
  for (const unsigned char byte : bytes) {
    digits += kDigits[byte >> 4];
    digits += kDigits[byte & 15];
  }
  std::cout << name << '\t' << type << '\t' << digits << '\n';
}

void emit(const char* name, igtl::MessageBase* message) {
  message->Pack();
  const unsigned char* first = static_cast<const unsigned char*>(message->GetPackPointer());
  const Bytes bytes(first, first + message->GetPackSize());
  char type[13] = {};
  std::memcpy(type, first + 2, 12);
  print_line(name, type, bytes);
}

int main(int argc, char* argv[]) {
  const std::string mode = argc == 2 ? argv[1] : "";
  if (mode == "write") return write_lines();
  if (mode == "read") return read_lines();
  std::cerr << "usage: golden write | golden read < lines\n";
  return 2;
}
