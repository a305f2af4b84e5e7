// POLYDATA. The library packs colours of points, and every attribute of cells, as 9 floats an item,
// and reads behind its arrays for them. Only what it packs right is written here.

#include "golden.h"

#include <list>

#include "igtlPolyDataMessage.h"

namespace {

typedef std::vector<std::vector<igtlUint32>> Cells;

igtl::PolyDataCellArray::Pointer cell_array(const Cells& cells) {
  igtl::PolyDataCellArray::Pointer array = igtl::PolyDataCellArray::New();
  for (const std::vector<igtlUint32>& cell : cells) {
    array->AddCell(std::list<igtlUint32>(cell.begin(), cell.end()));
  }
  return array;
}

igtl::PolyDataPointArray::Pointer point_array(unsigned count) {
  igtl::PolyDataPointArray::Pointer points = igtl::PolyDataPointArray::New();
  for (unsigned i = 0; i < count; ++i) {
    const float x = static_cast<float>(i);
    points->AddPoint(x + 0.5f, 10.25f - 2.0f * x, x * x - 3.125f);
  }
  return points;
}

// Numbers first, first + 0.25, ...: `components` for each of `count` points or cells.
void add_attribute(igtl::PolyDataMessage* message, int type, unsigned count, unsigned components,
                   const char* name, float first) {
  std::vector<float> data;
  for (unsigned i = 0; i < count * components; ++i) {
    data.push_back(first + 0.25f * static_cast<float>(i));
  }
  igtl::PolyDataAttribute::Pointer attribute = igtl::PolyDataAttribute::New();
  attribute->SetType(type, static_cast<int>(components));
  attribute->SetName(name);
  attribute->SetSize(count);
  attribute->SetData(data.data());
  message->AddAttribute(attribute);
}

void write_full() {
  igtl::PolyDataMessage::Pointer message = igtl::PolyDataMessage::New();
  stamp(message, "Liver", 70);
  message->SetPoints(point_array(6));
  message->SetVertices(cell_array({{0, 2, 4}}));
  message->SetLines(cell_array({{0, 1}, {1, 2, 3}}));
  message->SetPolygons(cell_array({{0, 1, 2}, {2, 3, 4, 5}, {0, 5, 4, 3, 1}}));
  message->SetTriangleStrips(cell_array({{0, 1, 2, 3}, {2, 3, 4, 5, 0}}));
  typedef igtl::PolyDataAttribute A;
  add_attribute(message, A::POINT_SCALAR, 6, 1, "pressure", 100.0f);
  add_attribute(message, A::POINT_VECTOR, 6, 3, "flow", -50.0f);
  add_attribute(message, A::POINT_NORMAL, 6, 3, "outwards", 0.5f);
  add_attribute(message, A::POINT_TENSOR, 6, 9, "strain", 1000.0f);
  emit("polydata", message);
}

void write_small() {
  // One name of even length with its NUL, so the name table is unpadded; two numbers a point.
  igtl::PolyDataMessage::Pointer message = igtl::PolyDataMessage::New();
  stamp(message, "Cloud", 71);
  message->SetPoints(point_array(6));
  add_attribute(message, igtl::PolyDataAttribute::POINT_SCALAR, 6, 2, "range", 7.0f);
  emit("polydata-points", message);

  message = igtl::PolyDataMessage::New();
  stamp(message, "Mesh", 72);
  message->SetPoints(point_array(3));
  message->SetPolygons(cell_array({{2, 0, 1}}));
  emit("polydata-triangle", message);

  message = igtl::PolyDataMessage::New();
  stamp(message, "Mesh", 73);
  message->SetPoints(point_array(4));
  message->SetPolygons(cell_array({{2, 0, 1}, {1, 2, 3}}));
  add_attribute(message, igtl::PolyDataAttribute::CELL_TENSOR, 2, 9, "stress", -3.5f);
  emit("polydata-cell-tensors", message);
}

std::string cells_json(igtl::PolyDataCellArray* array) {
  std::vector<std::string> cells;
  const igtlUint32 count = array ? array->GetNumberOfCells() : 0;
  for (igtlUint32 i = 0; i < count; ++i) {
    std::list<igtlUint32> indices;
    array->GetCell(i, indices);
    const std::vector<igtlUint32> cell(indices.begin(), indices.end());
    cells.push_back(json::numbers(cell.data(), cell.size()));
  }
  return json::list(cells);
}

std::string points_json(igtl::PolyDataPointArray* array) {
  std::vector<std::string> points;
  const int count = array ? array->GetNumberOfPoints() : 0;
  for (int i = 0; i < count; ++i) {
    float point[3];
    array->GetPoint(static_cast<unsigned>(i), point);
    points.push_back(json::numbers(point, 3));
  }
  return json::list(points);
}

std::string attributes_json(igtl::PolyDataMessage* message) {
  std::vector<std::string> attributes;
  for (int i = 0; i < message->GetNumberOfAttributes(); ++i) {
    igtl::PolyDataAttribute* attribute = message->GetAttribute(static_cast<unsigned>(i));
    const size_t count = size_t{attribute->GetSize()} * attribute->GetNumberOfComponents();
    std::vector<float> data(count);
    if (count) attribute->GetData(data.data());
    attributes.push_back(json::Object()
                             .set("name", json::text(attribute->GetName()))
                             .set("type", json::number(attribute->GetType()))
                             .set("components", json::number(attribute->GetNumberOfComponents()))
                             .set("data", json::numbers(data.data(), count))
                             .str());
  }
  return json::list(attributes);
}

void describe_polydata(igtl::PolyDataMessage* message, json::Object& out) {
  out.set("points", points_json(message->GetPoints()));
  out.set("vertices", cells_json(message->GetVertices()));
  out.set("lines", cells_json(message->GetLines()));
  out.set("polygons", cells_json(message->GetPolygons()));
  out.set("triangle_strips", cells_json(message->GetTriangleStrips()));
  out.set("attributes", attributes_json(message));
}

}  // namespace

void write_polydata() {
  write_full();
  write_small();
}

Readers polydata_readers() { return {reader("POLYDATA", describe_polydata)}; }
