// The engine's side of Trino's functions: what bodies of the manifest call t_f, registered in the schema system.trino.
#pragma once

#include "sql/engine/duckdb.pch.h"
#include "sql/engine/trino.h"

namespace tarn::sql::engine::trino {

// Adds functions to the schema. Each may raise.
class Adder {
 public:
  explicit Adder(duckdb::DatabaseInstance& database);
  void add(duckdb::ScalarFunction function);
  void add(duckdb::ScalarFunctionSet functions);
  void add(duckdb::AggregateFunctionSet functions);

 private:
  duckdb::Catalog& catalog_;
  duckdb::CatalogTransaction transaction_;
};

void add_operator_functions(Adder& adder);   // trino_fn_operators.cc
void add_recursion_functions(Adder& adder);  // trino_recursion.cc
void add_text_functions(Adder& adder);       // trino_fn_texts.cc
void add_format_function(Adder& adder);      // trino_fn_format.cc
void add_pattern_functions(Adder& adder);    // trino_fn_patterns.cc: regular expressions
void add_date_functions(Adder& adder);       // trino_fn_dates.cc
void add_json_functions(Adder& adder);       // trino_fn_json.cc
void add_nested_functions(Adder& adder);     // trino_fn_nested.cc: arrays, maps
void add_digest_functions(Adder& adder);     // trino_fn_digests.cc
void add_number_functions(Adder& adder);     // trino_fn_numbers.cc
void add_stem_functions(Adder& adder);       // trino_fn_stems.cc
void add_sketch_functions(Adder& adder);     // trino_fn_sketches.cc: HyperLogLog, digests
void add_address_functions(Adder& adder);    // trino_fn_addresses.cc
void add_tile_functions(Adder& adder);       // trino_fn_tiles.cc: Bing tiles, geographies
void add_shape_functions(Adder& adder);      // trino_fn_shapes.cc: geometries
void add_aggregate_functions(Adder& adder);  // trino_fn_aggregates.cc

// f(values..) row by row; a NULL among the arguments gives NULL.
using RowFunction = std::function<duckdb::Value(const duckdb::vector<duckdb::Value>&)>;
duckdb::ScalarFunction by_row(const char* name, duckdb::vector<duckdb::LogicalType> arguments,
                              duckdb::LogicalType returns, RowFunction run);

// As results show them.
std::string address_text(std::string_view bytes);
std::string tile_text(int64_t packed);

inline std::string_view view(const duckdb::string_t& text) {
  return {text.GetData(), text.GetSize()};
}

// The length of the character that starts with this byte.
inline size_t character_size(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}
// Characters as code points. Bytes that are no UTF-8 stay what they are.
std::u32string characters(std::string_view text);
std::string utf8(const std::u32string& text);

}  // namespace tarn::sql::engine::trino
