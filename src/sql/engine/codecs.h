// Codecs of files that the engine itself does not take apart, and of Avro's blocks. Whole and in memory. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tarn::sql::engine {

enum class Codec : uint8_t { kNone, kDeflate, kBzip2, kSnappy, kLz4, kZstd };

// By the ending of a file's name: ".bz2", ".snappy", ".lz4". kNone: any other (the engine opens .gz and .zst).
Codec codec_of_name(std::string_view name);

// A file of text: bzip2; snappy and LZ4 as Hadoop's codecs write them, in blocks, or in their own frames. What several calls
// of pack_file gave is a file when put together.
// ERRORS: unpack_file throws by raise_sql for bytes that are none.
std::string unpack_file(Codec codec, std::string_view bytes);
std::string pack_file(Codec codec, std::string_view bytes);

// A block of an Avro file. `codec` by Avro's name: "null", "deflate", "bzip2", "snappy", "zstandard".
// ERRORS: throws by raise_sql: an unknown codec, a damaged block.
std::string unpack_block(std::string_view codec, std::string_view bytes);
std::string pack_block(std::string_view codec, std::string_view bytes);

}  // namespace tarn::sql::engine
