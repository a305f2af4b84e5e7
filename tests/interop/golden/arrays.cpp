// SENSOR and NDARRAY.

#include "golden.h"

#include <cstdint>

#include "igtlNDArrayMessage.h"
#include "igtlSensorMessage.h"
#include "igtl_unit.h"

namespace {

struct Complex {
  double real;
  double imaginary;
};

struct Power {
  int unit;
  int exponent;
};

// By the C struct: the class Unit keeps only the last of the units appended to it.
void write_sensor(const char* name, unsigned serial, int prefix, const std::vector<Power>& powers,
                  const std::vector<double>& values) {
  igtl_unit_data unit = {};
  unit.prefix = static_cast<igtl_uint8>(prefix);
  for (size_t i = 0; i < powers.size(); ++i) {
    unit.unit[i] = static_cast<igtl_uint8>(powers[i].unit);
    unit.exp[i] = static_cast<igtl_int8>(powers[i].exponent);
  }
  igtl::SensorMessage::Pointer message = igtl::SensorMessage::New();
  stamp(message, "Robot", serial);
  message->SetLength(static_cast<unsigned>(values.size()));
  message->SetUnit(igtl_unit_pack(&unit));
  for (unsigned i = 0; i < values.size(); ++i) message->SetValue(i, values[i]);
  emit(name, message);
}

void write_sensors() {
  typedef igtl::Unit U;
  write_sensor("sensor", 45, U::SI_PREFIX_MILLI, {{U::SI_BASE_METER, 1}, {U::SI_BASE_SECOND, -2}},
               {1.5, -2.25e-30, 9.80665});
  write_sensor("sensor-kilogram", 46, U::SI_PREFIX_KILO, {{U::SI_BASE_GRAM, 1}}, {0.1});
  write_sensor("sensor-derived", 47, U::SI_PREFIX_NONE, {{U::SI_DERIVED_NEWTON, 1}},
               {-1e300, 0.0});
  write_sensor("sensor-six-units", 48, U::SI_PREFIX_FEMTO,
               {{U::SI_BASE_METER, 7},
                {U::SI_BASE_GRAM, -7},
                {U::SI_BASE_SECOND, 3},
                {U::SI_DERIVED_SIEVERT, -1},
                {U::SI_BASE_CANDELA, 2},
                {U::SI_DERIVED_RADIAN, 1}},
               {42.0});
  write_sensor("sensor-empty", 49, U::SI_PREFIX_NONE, {}, {});
}

// An array of elements first, first + step, ... in C order.
template <class Scalar>
void write_ndarray(const char* name, unsigned serial, int type, const std::vector<uint16_t>& shape,
                   double first, double step) {
  size_t count = 1;
  for (const uint16_t length : shape) count *= length;
  std::vector<Scalar> values(count);
  for (size_t i = 0; i < count; ++i) {
    values[i] = static_cast<Scalar>(first + step * static_cast<double>(i));
  }
  igtl::Array<Scalar> array;
  array.SetSize(shape);
  array.SetArray(values.data());
  igtl::NDArrayMessage::Pointer message = igtl::NDArrayMessage::New();
  stamp(message, "Matrix", serial);
  message->SetArray(type, &array);
  emit(name, message);
}

void write_complex_ndarray() {
  std::vector<Complex> values(6);
  for (int i = 0; i < 6; ++i) values[i] = {0.5 + i, -0.25 * i};
  igtl::Array<Complex> array;
  array.SetSize({3, 2});
  array.SetArray(values.data());
  igtl::NDArrayMessage::Pointer message = igtl::NDArrayMessage::New();
  stamp(message, "Matrix", 58);
  message->SetArray(igtl::NDArrayMessage::TYPE_COMPLEX, &array);
  emit("ndarray-complex", message);
}

void write_ndarrays() {
  write_ndarray<int8_t>("ndarray-int8", 50, 2, {2, 3, 4}, -120, 10);
  write_ndarray<uint8_t>("ndarray-uint8", 51, 3, {2, 3, 4}, 5, 10);
  write_ndarray<int16_t>("ndarray-int16", 52, 4, {2, 3, 4}, -30000, 2501);
  write_ndarray<uint16_t>("ndarray-uint16", 53, 5, {2, 3, 4}, 3000, 2501);
  write_ndarray<int32_t>("ndarray-int32", 54, 6, {2, 3, 4}, -2000000000.0, 170000001);
  write_ndarray<uint32_t>("ndarray-uint32", 55, 7, {2, 3, 4}, 100000000, 170000001);
  write_ndarray<float>("ndarray-float32", 56, 10, {2, 3, 4}, -20.125, 0.75);
  write_ndarray<double>("ndarray-float64", 57, 11, {7}, -999999999999999.5, 33333333333333.25);
  write_complex_ndarray();
}

void describe_sensor(igtl::SensorMessage* message, json::Object& out) {
  std::vector<double> values;
  for (unsigned i = 0; i < message->GetLength(); ++i) values.push_back(message->GetValue(i));
  igtl_unit_data unit = {};
  igtl_unit_unpack(message->GetUnit(), &unit);
  std::vector<std::string> powers;
  for (int i = 0; i < 6; ++i) {
    if (!unit.unit[i]) continue;
    powers.push_back(json::list({json::number(unit.unit[i]), json::number(unit.exp[i])}));
  }
  out.set("unit", json::number(message->GetUnit()));
  out.set("prefix", json::number(unit.prefix));
  out.set("powers", json::list(powers));
  out.set("values", json::numbers(values.data(), values.size()));
}

std::string elements(int type, const void* data, size_t bytes) {
  switch (type) {
    case 2: return json::numbers(static_cast<const int8_t*>(data), bytes);
    case 3: return json::numbers(static_cast<const uint8_t*>(data), bytes);
    case 4: return json::numbers(static_cast<const int16_t*>(data), bytes / 2);
    case 5: return json::numbers(static_cast<const uint16_t*>(data), bytes / 2);
    case 6: return json::numbers(static_cast<const int32_t*>(data), bytes / 4);
    case 7: return json::numbers(static_cast<const uint32_t*>(data), bytes / 4);
    case 10: return json::numbers(static_cast<const float*>(data), bytes / 4);
    case 11:
    case 13: return json::numbers(static_cast<const double*>(data), bytes / 8);
    default: return "null";
  }
}

// Complex elements come as pairs of numbers, one after the other.
void describe_ndarray(igtl::NDArrayMessage* message, json::Object& out) {
  igtl::ArrayBase* array = message->GetArray();
  const std::vector<uint16_t> shape = array->GetSize();
  out.set("scalar_type", json::number(message->GetType()));
  out.set("shape", json::numbers(shape.data(), shape.size()));
  out.set("elements", elements(message->GetType(), array->GetRawArray(),
                               static_cast<size_t>(array->GetRawArraySize())));
}

}  // namespace

void write_arrays() {
  write_sensors();
  write_ndarrays();
}

Readers array_readers() {
  return {reader("SENSOR", describe_sensor), reader("NDARRAY", describe_ndarray)};
}
