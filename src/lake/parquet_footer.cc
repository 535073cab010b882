#include "lake/parquet_footer.h"

#include "lake/thrift.h"

namespace tarn::lake {
namespace {

using sql::iceberg::ColumnChunk;

constexpr int kDeepest = 64;
constexpr int64_t kRepeated = 2;
constexpr unsigned kStruct = 12;

struct Element {
  int64_t children = 0, repetition = 0, field_id = -1;
};

Element read_element(Thrift& in) {
  Element element;
  in.fields([&](int16_t id, unsigned type) {
    switch (id) {
      case 3: element.repetition = in.integer(); break;
      case 5: element.children = in.integer(); break;
      case 9: element.field_id = in.integer(); break;
      default: in.skip(type);
    }
  });
  return element;
}

// Columns are the leaves of the schema's tree, in its order.
bool add_leaves(const std::vector<Element>& elements, size_t& at, bool repeated, int depth,
                std::vector<ColumnChunk>& leaves) {
  if (at >= elements.size() || depth > kDeepest) return false;
  const Element& element = elements[at++];
  repeated = repeated || element.repetition == kRepeated;
  if (element.children == 0) {
    leaves.emplace_back();
    leaves.back().field_id = static_cast<int>(element.field_id);
    leaves.back().repeated = repeated;
    return true;
  }
  for (int64_t i = 0; i < element.children; ++i)
    if (!add_leaves(elements, at, repeated, depth + 1, leaves)) return false;
  return true;
}

void read_statistics(Thrift& in, ColumnChunk& chunk) {
  in.fields([&](int16_t id, unsigned type) {
    switch (id) {
      case 3: chunk.nulls = in.integer(); break;
      case 5: chunk.most = in.binary(); break;
      case 6: chunk.least = in.binary(); break;
      default: in.skip(type);  // the older members compare in other ways
    }
  });
}

void read_chunk(Thrift& in, ColumnChunk& chunk) {
  in.fields([&](int16_t member, unsigned member_type) {
    if (member != 3 || member_type != kStruct) return in.skip(member_type);
    in.fields([&](int16_t id, unsigned type) {
      if (id == 1)
        chunk.physical = static_cast<int>(in.integer());
      else if (id == 5)
        chunk.values = in.integer();
      else if (id == 7)
        chunk.bytes = in.integer();
      else if (id == 12 && type == kStruct)
        read_statistics(in, chunk);
      else
        in.skip(type);
    });
  });
}

}  // namespace

std::optional<std::vector<ColumnChunk>> column_chunks(std::string_view metadata) {
  Thrift in(metadata);
  std::vector<Element> elements;
  std::vector<ColumnChunk> leaves, chunks;
  bool ok = true;
  in.fields([&](int16_t id, unsigned type) {
    if (id == 2) {
      in.list([&](unsigned) { elements.push_back(read_element(in)); });
      size_t at = 0;
      ok = add_leaves(elements, at, false, 0, leaves);
    } else if (id == 4) {
      in.list([&](unsigned) {
        in.fields([&](int16_t member, unsigned member_type) {
          if (member != 1) return in.skip(member_type);
          size_t column = 0;
          in.list([&](unsigned) {
            chunks.push_back(column < leaves.size() ? leaves[column] : ColumnChunk());
            ++column;
            read_chunk(in, chunks.back());
          });
        });
      });
    } else {
      in.skip(type);
    }
  });
  if (!ok || !in.ok()) return std::nullopt;
  return chunks;
}

}  // namespace tarn::lake
