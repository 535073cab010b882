#include "sql/engine/codecs.h"

#include <bzlib.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "sql/avro.h"
#include "sql/engine/errors.h"
#include "sql/engine/records.h"

// Of the engine's libraries; their headers are not among the engine's own.
namespace duckdb_snappy {
bool RawUncompress(const char* from, size_t size, char* to);
void RawCompress(const char* from, size_t size, char* to, size_t* written);
size_t MaxCompressedLength(size_t size);
bool GetUncompressedLength(const char* from, size_t size, size_t* result);
}  // namespace duckdb_snappy
namespace duckdb_lz4 {
int LZ4_decompress_safe_usingDict(const char* from, char* to, int size, int room, const char* before, int before_size);
int LZ4_compress_default(const char* from, char* to, int size, int room);
int LZ4_compressBound(int size);
}  // namespace duckdb_lz4
namespace duckdb_zstd {
size_t ZSTD_compress(void* to, size_t room, const void* from, size_t size, int level);
size_t ZSTD_compressBound(size_t size);
size_t ZSTD_decompress(void* to, size_t room, const void* from, size_t size);
unsigned long long ZSTD_getFrameContentSize(const void* from, size_t size);
unsigned ZSTD_isError(size_t code);
}  // namespace duckdb_zstd

namespace tarn::sql::engine {
namespace {

using std::string;
using std::string_view;

constexpr size_t kPiece = 64 << 10;      // of a file, compressed by itself
constexpr size_t kMostBytes = 1u << 30;  // of a piece, unpacked
constexpr string_view kSnappyFrame("\xff\x06\x00\x00sNaPpY", 10);
constexpr string_view kLz4Frame("\x04\x22\x4d\x18", 4);

[[noreturn]] void damaged(const char* what) {
  raise_sql("22000", string("HIVE_CURSOR_ERROR: Failed to read: the ") + what + " data is damaged");
}

// Takes bytes off the front.
struct Bytes {
  string_view rest;
  const char* what;

  string_view take(size_t size) {
    if (size > rest.size()) damaged(what);
    const string_view taken = rest.substr(0, size);
    rest.remove_prefix(size);
    return taken;
  }
  uint32_t big() { return std::byteswap(little()); }
  uint32_t little() {
    uint32_t value;
    std::memcpy(&value, take(4).data(), 4);
    return value;
  }
};

void append_big(string& out, uint32_t value) {
  const uint32_t swapped = std::byteswap(value);
  out.append(reinterpret_cast<const char*>(&swapped), sizeof swapped);
}

// --- snappy ----------------------------------------------------------------------------------------------------------

void append_unsnapped(string& out, string_view bytes) {
  size_t size = 0;
  if (!duckdb_snappy::GetUncompressedLength(bytes.data(), bytes.size(), &size) || size > kMostBytes) damaged("snappy");
  const size_t at = out.size();
  out.resize(at + size);
  if (!duckdb_snappy::RawUncompress(bytes.data(), bytes.size(), out.data() + at)) damaged("snappy");
}

string snapped(string_view bytes) {
  string out(duckdb_snappy::MaxCompressedLength(bytes.size()), '\0');
  size_t written = 0;
  duckdb_snappy::RawCompress(bytes.data(), bytes.size(), out.data(), &written);
  out.resize(written);
  return out;
}

string of_snappy_frames(string_view bytes) {
  Bytes in{bytes, "snappy"};
  string out;
  while (!in.rest.empty()) {
    const uint32_t head = in.little();
    const string_view chunk = in.take(head >> 8);
    const uint8_t kind = head & 0xff;
    if (kind > 1) {  // the stream's name, padding
      if (kind < 0x80) damaged("snappy");
      continue;
    }
    if (chunk.size() < 4) damaged("snappy");
    if (kind == 0) append_unsnapped(out, chunk.substr(4));
    if (kind == 1) out += chunk.substr(4);
  }
  return out;
}

// --- LZ4 -------------------------------------------------------------------------------------------------------------

// Up to `room` bytes behind what is there already, of which up to 64 KiB may be referred to.
void append_unlz4(string& out, string_view bytes, size_t room, bool linked) {
  const size_t at = out.size(), known = linked ? std::min<size_t>(at, 64 << 10) : 0;
  const string before = out.substr(at - known);
  out.resize(at + room);
  const int got =
      duckdb_lz4::LZ4_decompress_safe_usingDict(bytes.data(), out.data() + at, static_cast<int>(bytes.size()),
                                                static_cast<int>(room), before.data(), static_cast<int>(known));
  if (got < 0) damaged("LZ4");
  out.resize(at + static_cast<size_t>(got));
}

string of_lz4_frames(string_view bytes) {
  Bytes in{bytes, "LZ4"};
  string out;
  while (!in.rest.empty()) {
    if (in.take(4) != kLz4Frame) damaged("LZ4");
    const auto flags = static_cast<uint8_t>(in.take(1)[0]), sizes = static_cast<uint8_t>(in.take(1)[0]);
    const int code = sizes >> 4 & 7;
    if (flags >> 6 != 1 || code < 4) damaged("LZ4");
    const size_t most = size_t{1} << (8 + 2 * code);
    in.take((flags & 8 ? 8 : 0) + (flags & 1 ? 4 : 0) + 1);  // the content's size, a dictionary's name, a checksum
    while (const uint32_t size = in.little()) {
      const string_view block = in.take(size & 0x7fffffff);
      if (size >> 31) {
        out += block;
      } else {
        append_unlz4(out, block, most, !(flags & 0x20));
      }
      if (flags & 0x10) in.take(4);
    }
    if (flags & 4) in.take(4);
  }
  return out;
}

// --- Hadoop's blocks: the size of what is in them, then pieces with their sizes --------------------------------------

string of_blocks(Codec codec, string_view bytes) {
  Bytes in{bytes, codec == Codec::kSnappy ? "snappy" : "LZ4"};
  string out;
  while (!in.rest.empty()) {
    const size_t size = in.big(), end = out.size() + size;
    if (size > kMostBytes) damaged(in.what);
    while (out.size() < end) {
      const string_view piece = in.take(in.big());
      if (codec == Codec::kSnappy) {
        append_unsnapped(out, piece);
      } else {
        append_unlz4(out, piece, end - out.size(), false);
      }
      if (piece.empty()) damaged(in.what);
    }
  }
  return out;
}

string lz4_piece(string_view bytes) {
  string out(static_cast<size_t>(duckdb_lz4::LZ4_compressBound(static_cast<int>(bytes.size()))), '\0');
  out.resize(static_cast<size_t>(duckdb_lz4::LZ4_compress_default(
      bytes.data(), out.data(), static_cast<int>(bytes.size()), static_cast<int>(out.size()))));
  return out;
}

string in_blocks(Codec codec, string_view bytes) {
  string out;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(kPiece, bytes.size()))) {
    const string_view plain = bytes.substr(0, kPiece);
    const string packed = codec == Codec::kSnappy ? snapped(plain) : lz4_piece(plain);
    append_big(out, static_cast<uint32_t>(plain.size()));
    append_big(out, static_cast<uint32_t>(packed.size()));
    out += packed;
  }
  return out;
}

// --- bzip2, zstd -----------------------------------------------------------------------------------------------------

string of_bzip2(string_view bytes) {
  size_t at = 0;
  const ByteSource source = bunzip2([&](char* buffer, size_t size) {
    const size_t n = std::min(size, bytes.size() - at);
    std::memcpy(buffer, bytes.data() + at, n);
    at += n;
    return n;
  });
  string out;
  try {
    while (true) {
      const size_t had = out.size();
      out.resize(had + (1 << 20));
      const size_t got = source(out.data() + had, 1 << 20);
      out.resize(had + got);
      if (got == 0) return out;
    }
  } catch (const std::runtime_error&) {
    damaged("bzip2");
  }
}

string bzipped(string_view bytes) {
  auto size = static_cast<unsigned>(bytes.size() + bytes.size() / 100 + 600);  // as its manual says
  string out(size, '\0');
  BZ2_bzBuffToBuffCompress(out.data(), &size, const_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()), 9,
                           0, 0);
  out.resize(size);
  return out;
}

string of_zstd(string_view bytes) {
  const auto size = duckdb_zstd::ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  // A frame may not say how much it holds.
  for (size_t room = size < kMostBytes ? size : bytes.size() * 8 + 1024; room <= kMostBytes; room *= 4) {
    string out(room, '\0');
    const size_t got = duckdb_zstd::ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size());
    if (!duckdb_zstd::ZSTD_isError(got)) {
      out.resize(got);
      return out;
    }
    if (size < kMostBytes) break;
  }
  damaged("zstd");
}

string zstd(string_view bytes) {
  string out(duckdb_zstd::ZSTD_compressBound(bytes.size()), '\0');
  out.resize(duckdb_zstd::ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3));
  return out;
}

uint32_t checksum(string_view bytes) {
  return static_cast<uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

[[noreturn]] void unknown(string_view codec) {
  raise_sql("0A000", "Avro files with the codec " + string(codec) + " are not supported");
}

}  // namespace

Codec codec_of_name(string_view name) {
  if (name.ends_with(".bz2")) return Codec::kBzip2;
  if (name.ends_with(".snappy")) return Codec::kSnappy;
  if (name.ends_with(".lz4")) return Codec::kLz4;
  return Codec::kNone;
}

string unpack_file(Codec codec, string_view bytes) {
  if (codec == Codec::kBzip2) return of_bzip2(bytes);
  if (codec == Codec::kSnappy)
    return bytes.starts_with(kSnappyFrame) ? of_snappy_frames(bytes) : of_blocks(codec, bytes);
  if (codec == Codec::kLz4) return bytes.starts_with(kLz4Frame) ? of_lz4_frames(bytes) : of_blocks(codec, bytes);
  return string(bytes);
}

string pack_file(Codec codec, string_view bytes) {
  if (codec == Codec::kBzip2) return bzipped(bytes);
  if (codec == Codec::kSnappy || codec == Codec::kLz4) return in_blocks(codec, bytes);
  return string(bytes);
}

string unpack_block(string_view codec, string_view bytes) {
  if (codec == "null") return string(bytes);
  if (codec == "bzip2") return of_bzip2(bytes);
  if (codec == "zstandard") return of_zstd(bytes);
  if (codec == "deflate") {
    auto plain = inflate_block(bytes);
    if (!plain) damaged("deflate");
    return *std::move(plain);
  }
  if (codec != "snappy") unknown(codec);
  if (bytes.size() < 4) damaged("snappy");
  string out;
  append_unsnapped(out, bytes.substr(0, bytes.size() - 4));
  Bytes end{bytes.substr(bytes.size() - 4), "snappy"};
  if (end.big() != checksum(out)) damaged("snappy");
  return out;
}

string pack_block(string_view codec, string_view bytes) {
  if (codec == "null") return string(bytes);
  if (codec == "bzip2") return bzipped(bytes);
  if (codec == "zstandard") return zstd(bytes);
  if (codec == "deflate") return deflate_block(bytes);
  if (codec != "snappy") unknown(codec);
  string out = snapped(bytes);
  append_big(out, checksum(bytes));
  return out;
}

}  // namespace tarn::sql::engine
