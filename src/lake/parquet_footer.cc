#include "lake/parquet_footer.h"

#include "lake/parquet_schema.h"

namespace tarn::lake {
namespace {

using sql::iceberg::ColumnChunk;

// Columns are the leaves of the schema's tree, in its order.
bool add_leaves(const std::vector<SchemaElement>& elements, size_t& at, bool repeated, int depth,
                std::vector<ColumnChunk>& leaves) {
  if (at >= elements.size() || depth > kDeepestColumn) return false;
  const SchemaElement& element = elements[at++];
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
    if (member != 3 || member_type != Thrift::kStruct) return in.skip(member_type);
    in.fields([&](int16_t id, unsigned type) {
      if (id == 1)
        chunk.physical = static_cast<int>(in.integer());
      else if (id == 5)
        chunk.values = in.integer();
      else if (id == 7)
        chunk.bytes = in.integer();
      else if (id == 12 && type == Thrift::kStruct)
        read_statistics(in, chunk);
      else
        in.skip(type);
    });
  });
}

}  // namespace

std::optional<std::vector<ColumnChunk>> column_chunks(std::string_view metadata) {
  Thrift in(metadata);
  std::vector<SchemaElement> elements;
  std::vector<ColumnChunk> leaves, chunks;
  bool ok = true;
  in.fields([&](int16_t id, unsigned type) {
    if (id == 2) {
      in.list([&](unsigned) { elements.push_back(read_schema_element(in)); });
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
