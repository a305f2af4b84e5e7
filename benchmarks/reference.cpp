// The C++ reference library (libopenigtlink-dev) as a contender of the benchmarks.
//
//   reference ROLE [key=value ...]
//
// ROLE    codec    pack and unpack, one process                          seconds=
//         send     a server that sends to one client, then closes        kind= array= seconds=
//         receive  the client that takes every message until the end     kind= read= port=
//         echo     a server that sends every TRANSFORM back
//         ping     the client that times round trips                     seconds= port=
//         answer   a server that answers GET_IMGMETA with three images
//         get      the client that times these                           seconds= port=
// devices TRANSFORM is sent under so many names in turn; 1 unless given
// kind    transform | grey480p | rgb1080p | rgb4k
// array   readonly: frames lie in the message already; writeable: the caller's frame is copied in
// read    0: decode and count; 1: read the matrix of each TRANSFORM too
//
// Servers print {"port": N} first; every role ends with one line of JSON. The library is used
// the way its own documentation shows: SetMatrix, Pack and one Send a message; a receiver takes
// the header, makes a new message object, takes the body and unpacks it with the CRC check on.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

#include <igtlClientSocket.h>
#include <igtlImageMessage.h>
#include <igtlImageMetaMessage.h>
#include <igtlMessageHeader.h>
#include <igtlServerSocket.h>
#include <igtlTimeStamp.h>
#include <igtlTransformMessage.h>

namespace {

using Clock = std::chrono::steady_clock;
using Options = std::map<std::string, std::string>;

const char* const kDevice = "Bench";
const int kWarmUpPings = 20;
const long kMinFrames = 5;
const size_t kSmallBody = 1000;

struct Shape {
  int width;
  int height;
  int components;
  size_t bytes() const { return static_cast<size_t>(width) * height * components; }
};

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

[[noreturn]] void fail(const std::string& text) {
  std::fprintf(stderr, "reference: %s\n", text.c_str());
  std::exit(1);
}

std::string option(const Options& options, const std::string& key) {
  auto found = options.find(key);
  if (found == options.end()) fail("missing " + key + "=");
  return found->second;
}

Shape shapeOf(const std::string& kind) {
  if (kind == "grey480p") return {640, 480, 1};
  if (kind == "rgb1080p") return {1920, 1080, 3};
  if (kind == "rgb4k") return {3840, 2160, 3};
  fail("unknown kind " + kind);
}

// The highest resident memory of this process, MiB.
double peakMemory() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line))
    if (line.rfind("VmHWM:", 0) == 0) return std::atof(line.c_str() + 6) / 1024;
  return 0;
}

double quantile(std::vector<double> values, double share) {
  if (values.empty()) fail("nothing was measured");
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<size_t>(share * values.size()))];
}

// ---- messages -----------------------------------------------------------------------------

void setCounter(igtl::TransformMessage* message, igtl::Matrix4x4& matrix, long counter) {
  matrix[0][3] = static_cast<float>(counter);
  message->SetMatrix(matrix);
}

void stampNow(igtl::MessageBase* message, igtl::TimeStamp::Pointer& stamp) {
  stamp->GetTime();
  message->SetTimeStamp(stamp);
}

igtl::ImageMessage::Pointer newImage(const Shape& shape, int seed) {
  auto image = igtl::ImageMessage::New();
  image->SetDeviceName(kDevice);
  image->SetDimensions(shape.width, shape.height, 1);
  image->SetNumComponents(shape.components);
  image->SetScalarTypeToUint8();
  image->SetCoordinateSystem(igtl::ImageMessage::COORDINATE_RAS);
  image->SetSubVolume(shape.width, shape.height, 1, 0, 0, 0);
  image->AllocateScalars();
  auto* pixels = static_cast<unsigned char*>(image->GetScalarPointer());
  for (size_t i = 0; i < shape.bytes(); ++i) pixels[i] = static_cast<unsigned char>(i * 7 + seed);
  return image;
}

// ---- codec --------------------------------------------------------------------------------

// Median time of one call, microseconds, over batches of at least 5 ms. The call returns the
// seconds that it spent on putting things back, which are not counted.
double timePerCall(const std::function<double()>& call, double seconds) {
  auto timeBatch = [&](long size) {
    double excluded = 0;
    const auto start = Clock::now();
    for (long i = 0; i < size; ++i) excluded += call();
    return secondsSince(start) - excluded;
  };
  long batch = 1;
  while (timeBatch(batch) < 0.005) batch *= 2;
  std::vector<double> times;
  for (auto begin = Clock::now(); secondsSince(begin) < seconds || times.empty();)
    times.push_back(timeBatch(batch) / batch * 1e6);
  return quantile(times, 0.5);
}

// Unpacks the same message again and again. Unpack swaps bytes in place and SetMessageHeader
// frees the body, so the received body is put back each time; for large ones that is not counted.
template <typename Message>
double timeUnpack(igtl::MessageBase* packed, double seconds, std::function<bool(Message*)> read) {
  const auto* wire = static_cast<const char*>(packed->GetPackPointer());
  const std::string bytes(wire, packed->GetPackSize());
  const size_t body = packed->GetPackBodySize();
  auto header = igtl::MessageHeader::New();
  auto message = Message::New();
  auto unpack = [&] {
    header->InitPack();
    std::memcpy(header->GetPackPointer(), bytes.data(), header->GetPackSize());
    header->Unpack();
    const auto start = Clock::now();
    message->SetMessageHeader(header);
    message->AllocatePack();
    std::memcpy(message->GetPackBodyPointer(), bytes.data() + bytes.size() - body, body);
    const double puttingBack = body > kSmallBody ? secondsSince(start) : 0;
    if (!(message->Unpack(1) & igtl::MessageHeader::UNPACK_BODY)) fail("CRC mismatch");
    if (!read(message)) fail("wrong field values");
    return puttingBack;
  };
  return timePerCall(unpack, seconds);
}

void codecTransform(double seconds) {
  igtl::Matrix4x4 matrix;
  igtl::IdentityMatrix(matrix);
  auto message = igtl::TransformMessage::New();
  message->SetDeviceName(kDevice);
  long counter = 0;
  double pack = timePerCall([&] {
    counter = (counter + 1) % 1000000;
    setCounter(message, matrix, counter);
    message->Pack();
    return 0.0;
  }, seconds);
  double unpack = timeUnpack<igtl::TransformMessage>(message, seconds,
      [&](igtl::TransformMessage* received) {
        igtl::Matrix4x4 value;
        received->GetMatrix(value);
        return value[0][3] == static_cast<float>(counter);
      });
  std::printf("\"pack_transform_us\": %.6g, \"unpack_transform_us\": %.6g", pack, unpack);
}

void codecImage(const char* kind, double seconds) {
  const Shape shape = shapeOf(kind);
  std::vector<unsigned char> frame(shape.bytes(), 7);
  auto message = newImage(shape, 0);
  double pack = timePerCall([&] {
    ++frame[0];
    std::memcpy(message->GetScalarPointer(), frame.data(), frame.size());
    message->Pack();
    return 0.0;
  }, seconds);
  double unpack = timeUnpack<igtl::ImageMessage>(message, seconds,
      [&](igtl::ImageMessage* received) {
        return *static_cast<unsigned char*>(received->GetScalarPointer()) == frame[0];
      });
  std::printf(", \"pack_%s_us\": %.6g, \"unpack_%s_us\": %.6g", kind, pack, kind, unpack);
}

void codec(const Options& options) {
  const double seconds = std::atof(option(options, "seconds").c_str());
  std::printf("{");
  codecTransform(seconds);
  codecImage("grey480p", seconds);
  codecImage("rgb1080p", seconds);
  std::printf(", \"peak_mib\": %.6g}\n", peakMemory());
}

// ---- sockets ------------------------------------------------------------------------------

igtl::ClientSocket::Pointer acceptOne(igtl::ServerSocket::Pointer& server) {
  if (server->CreateServer(0) < 0) fail("cannot listen");
  std::printf("{\"port\": %d}\n", server->GetServerPort());
  std::fflush(stdout);
  auto socket = server->WaitForConnection(30000);
  if (socket.IsNull()) fail("no client came within 30 s");
  return socket;
}

igtl::ClientSocket::Pointer connectTo(const Options& options) {
  auto socket = igtl::ClientSocket::New();
  if (socket->ConnectToServer("127.0.0.1", std::atoi(option(options, "port").c_str())) != 0)
    fail("cannot connect");
  return socket;
}

bool sendMessage(igtl::Socket* socket, igtl::MessageBase* message) {
  return socket->Send(message->GetPackPointer(), message->GetPackSize()) != 0;
}

// Takes the next header; false when the peer has closed.
bool receiveHeader(igtl::Socket* socket, igtl::MessageHeader* header) {
  header->InitPack();
  if (socket->Receive(header->GetPackPointer(), header->GetPackSize()) != header->GetPackSize())
    return false;
  header->Unpack();
  return true;
}

// Takes the body that belongs to the header into the message; the CRC is checked.
void receiveBody(igtl::Socket* socket, igtl::MessageHeader* header, igtl::MessageBase* message) {
  message->SetMessageHeader(header);
  message->AllocatePack();
  const int size = message->GetPackBodySize();
  if (socket->Receive(message->GetPackBodyPointer(), size) != size) fail("truncated body");
  if (!(message->Unpack(1) & igtl::MessageHeader::UNPACK_BODY)) fail("CRC mismatch");
}

// ---- streams ------------------------------------------------------------------------------

long sendTransforms(igtl::Socket* socket, long devices, double seconds) {
  std::vector<std::string> names;
  for (long i = 0; i < devices && devices > 1; ++i) names.push_back("Device" + std::to_string(i));
  igtl::Matrix4x4 matrix;
  igtl::IdentityMatrix(matrix);
  auto message = igtl::TransformMessage::New();
  message->SetDeviceName(kDevice);
  auto stamp = igtl::TimeStamp::New();
  long sent = 0;
  for (auto start = Clock::now(); sent % 64 || secondsSince(start) < seconds; ++sent) {
    if (!names.empty()) message->SetDeviceName(names[sent % devices].c_str());
    setCounter(message, matrix, sent);
    stampNow(message, stamp);
    message->Pack();
    if (!sendMessage(socket, message)) fail("connection lost");
  }
  return sent;
}

long sendImages(igtl::Socket* socket, const Shape& shape, bool copied, double seconds) {
  igtl::ImageMessage::Pointer images[2] = {newImage(shape, 0), newImage(shape, 1)};
  std::vector<unsigned char> frame(copied ? shape.bytes() : 1, 7);
  auto stamp = igtl::TimeStamp::New();
  long sent = 0;
  for (auto start = Clock::now(); sent < kMinFrames || secondsSince(start) < seconds; ++sent) {
    auto& image = images[copied ? 0 : sent % 2];
    if (copied) {
      ++frame[0];
      std::memcpy(image->GetScalarPointer(), frame.data(), frame.size());
    }
    stampNow(image, stamp);
    image->Pack();
    if (!sendMessage(socket, image)) fail("connection lost");
  }
  return sent;
}

void send(const Options& options) {
  const double seconds = std::atof(option(options, "seconds").c_str());
  const std::string kind = option(options, "kind");
  auto server = igtl::ServerSocket::New();
  auto socket = acceptOne(server);
  const long sent = kind == "transform"
      ? sendTransforms(socket, options.count("devices") ? std::atol(options.at("devices").c_str()) : 1,
                       seconds)
      : sendImages(socket, shapeOf(kind), option(options, "array") == "writeable", seconds);
  socket->CloseSocket();
  std::printf("{\"sent\": %ld, \"peak_mib\": %.6g}\n", sent, peakMemory());
}

// Takes one message as a new object of its type; read says what is done with it then.
template <typename Message>
bool receiveNew(igtl::Socket* socket, igtl::MessageHeader* header,
                const std::function<void(Message*)>& read) {
  if (!receiveHeader(socket, header)) return false;
  auto message = Message::New();
  receiveBody(socket, header, message);
  read(message);
  return true;
}

template <typename Message>
void receiveAll(igtl::Socket* socket, const std::function<void(Message*)>& read) {
  auto header = igtl::MessageHeader::New();
  if (!receiveNew<Message>(socket, header, read)) fail("nothing was received");
  long delivered = 1;
  const auto start = Clock::now();
  while (receiveNew<Message>(socket, header, read)) ++delivered;
  const double took = secondsSince(start);
  std::printf("{\"delivered\": %ld, \"rate\": %.6g, \"peak_mib\": %.6g}\n", delivered,
              (delivered - 1) / took, peakMemory());
}

void receive(const Options& options) {
  const std::string kind = option(options, "kind");
  auto socket = connectTo(options);
  volatile float seen = 0;
  if (kind != "transform") {
    receiveAll<igtl::ImageMessage>(socket, [&](igtl::ImageMessage* image) {
      seen = *static_cast<unsigned char*>(image->GetScalarPointer());
    });
  } else if (option(options, "read") == "1") {
    receiveAll<igtl::TransformMessage>(socket, [&](igtl::TransformMessage* message) {
      igtl::Matrix4x4 matrix;
      message->GetMatrix(matrix);
      seen = matrix[0][3];
    });
  } else {
    receiveAll<igtl::TransformMessage>(socket, [](igtl::TransformMessage*) {});
  }
}

// ---- round trips --------------------------------------------------------------------------

void echo(const Options&) {
  auto server = igtl::ServerSocket::New();
  auto socket = acceptOne(server);
  auto header = igtl::MessageHeader::New();
  long echoed = 0;
  for (; receiveHeader(socket, header); ++echoed) {
    auto message = igtl::TransformMessage::New();
    receiveBody(socket, header, message);
    message->Pack();
    if (!sendMessage(socket, message)) break;
  }
  std::printf("{\"echoed\": %ld, \"peak_mib\": %.6g}\n", echoed, peakMemory());
}

void ping(const Options& options) {
  const double seconds = std::atof(option(options, "seconds").c_str());
  auto socket = connectTo(options);
  auto header = igtl::MessageHeader::New();
  auto message = igtl::TransformMessage::New();
  message->SetDeviceName(kDevice);
  auto stamp = igtl::TimeStamp::New();
  igtl::Matrix4x4 matrix;
  igtl::IdentityMatrix(matrix);
  std::vector<double> times;
  auto begin = Clock::now();
  for (long i = 0; i < 2 * kWarmUpPings || secondsSince(begin) < seconds; ++i) {
    const auto start = Clock::now();
    setCounter(message, matrix, i);
    stampNow(message, stamp);
    message->Pack();
    igtl::Matrix4x4 answer;
    if (!sendMessage(socket, message) || !receiveHeader(socket, header)) fail("connection lost");
    auto reply = igtl::TransformMessage::New();
    receiveBody(socket, header, reply);
    reply->GetMatrix(answer);
    if (i >= kWarmUpPings) times.push_back(secondsSince(start) * 1e6);
    if (answer[0][3] != static_cast<float>(i)) fail("another message came back");
  }
  socket->CloseSocket();
  std::printf("{\"round_trips\": %zu, \"p50_us\": %.6g, \"p99_us\": %.6g, \"peak_mib\": %.6g}\n",
              times.size(), quantile(times, 0.5), quantile(times, 0.99), peakMemory());
}

// ---- queries ------------------------------------------------------------------------------

const int kImages = 3;

void answer(const Options&) {
  auto server = igtl::ServerSocket::New();
  auto socket = acceptOne(server);
  auto header = igtl::MessageHeader::New();
  auto stamp = igtl::TimeStamp::New();
  long answered = 0;
  for (; receiveHeader(socket, header); ++answered) {
    if (std::strcmp(header->GetDeviceType(), "GET_IMGMETA") != 0) fail("expected GET_IMGMETA");
    auto message = igtl::ImageMetaMessage::New();
    message->SetDeviceName(kDevice);
    for (int i = 0; i < kImages; ++i) {
      auto element = igtl::ImageMetaElement::New();
      element->SetName("Image");
      element->SetDeviceName("IMAGE_0");
      element->SetModality("CT");
      element->SetPatientName("Patient");
      element->SetPatientID("ID");
      element->SetSize(512, 512, 64);
      element->SetScalarType(igtl::ImageMessage::TYPE_UINT16);
      stamp->GetTime();
      element->SetTimeStamp(stamp);
      message->AddImageMetaElement(element);
    }
    stampNow(message, stamp);
    message->Pack();
    if (!sendMessage(socket, message)) break;
  }
  std::printf("{\"answered\": %ld, \"peak_mib\": %.6g}\n", answered, peakMemory());
}

void get(const Options& options) {
  const double seconds = std::atof(option(options, "seconds").c_str());
  auto socket = connectTo(options);
  auto header = igtl::MessageHeader::New();
  std::vector<double> times;
  auto begin = Clock::now();
  for (long i = 0; i < 2 * kWarmUpPings || secondsSince(begin) < seconds; ++i) {
    const auto start = Clock::now();
    auto query = igtl::GetImageMetaMessage::New();
    query->SetDeviceName(kDevice);
    query->Pack();
    if (!sendMessage(socket, query) || !receiveHeader(socket, header)) fail("connection lost");
    auto reply = igtl::ImageMetaMessage::New();
    receiveBody(socket, header, reply);
    if (reply->GetNumberOfImageMetaElement() != kImages) fail("another number of images");
    if (i >= kWarmUpPings) times.push_back(secondsSince(start) * 1e6);
  }
  socket->CloseSocket();
  std::printf("{\"round_trips\": %zu, \"p50_us\": %.6g, \"p99_us\": %.6g, \"peak_mib\": %.6g}\n",
              times.size(), quantile(times, 0.5), quantile(times, 0.99), peakMemory());
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, void (*)(const Options&)> roles = {
      {"codec", codec}, {"send", send}, {"receive", receive}, {"echo", echo}, {"ping", ping},
      {"answer", answer}, {"get", get}};
  alarm(150);  // never outlives a benchmark that was killed
  Options options;
  for (int i = 2; i < argc; ++i) {
    const std::string text = argv[i];
    const size_t equals = text.find('=');
    if (equals == std::string::npos) fail("expected key=value, found " + text);
    options[text.substr(0, equals)] = text.substr(equals + 1);
  }
  auto role = roles.find(argc > 1 ? argv[1] : "");
  if (role == roles.end()) fail("roles: codec send receive echo ping");
  role->second(options);
}
