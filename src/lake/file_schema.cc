#include "lake/file_schema.h"

#include <bzlib.h>
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace tarn::lake {
namespace {

constexpr uint64_t kHead = 1 << 20;          // of a text file
constexpr uint64_t kMostHead = 10 << 20;     // where the first megabyte holds no whole record
constexpr uint64_t kFooterGuess = 32 << 10;  // of a Parquet file, read at once

// Numbers from the narrowest on: each holds those before it.
constexpr std::array<std::string_view, 6> kNumbers = {"tinyint", "smallint", "int", "bigint", "float", "double"};

int rank_of(std::string_view name) {
  const auto found = std::ranges::find(kNumbers, name);
  return found == kNumbers.end() ? -1 : static_cast<int>(found - kNumbers.begin());
}

HiveType merged_struct(const HiveType& a, const HiveType& b) {
  HiveType out = a;
  for (const auto& [name, type] : b.members) {
    const auto same = std::ranges::find_if(out.members, [&](const auto& each) { return each.first == name; });
    if (same == out.members.end())
      out.members.emplace_back(name, type);
    else
      same->second = widened(same->second, type);
  }
  return out;
}

bool of_one_kind(const HiveType& a, const HiveType& b) {
  if (a.name.empty() || b.name.empty()) return true;
  if (rank_of(a.name) >= 0 && rank_of(b.name) >= 0) return true;
  if (a.name.starts_with("decimal") && b.name.starts_with("decimal")) return true;
  return a.name == b.name;
}

// --- compression -----------------------------------------------------------------------------------------------------

// As much as comes out of these first bytes. An error in the middle ends it: what came before is still good to judge by.
std::string gunzipped(std::string_view bytes, uint64_t at_most) {
  std::string out;
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 32) != Z_OK) return out;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string buffer(64 << 10, '\0');
  for (int state = Z_OK; (state == Z_OK || state == Z_STREAM_END) && out.size() < at_most;) {
    if (state == Z_STREAM_END && (stream.avail_in == 0 || inflateReset(&stream) != Z_OK)) break;
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    state = inflate(&stream, Z_NO_FLUSH);
    const size_t got = buffer.size() - stream.avail_out;
    out.append(buffer, 0, got);
    if (got == 0 && stream.avail_in == 0) break;
  }
  inflateEnd(&stream);
  return out;
}

std::string bunzipped(std::string_view bytes, uint64_t at_most) {
  std::string out;
  bz_stream stream{};
  if (BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK) return out;
  stream.next_in = const_cast<char*>(bytes.data());
  stream.avail_in = static_cast<unsigned>(bytes.size());
  std::string buffer(64 << 10, '\0');
  for (int state = BZ_OK; state == BZ_OK && out.size() < at_most;) {
    stream.next_out = buffer.data();
    stream.avail_out = static_cast<unsigned>(buffer.size());
    state = BZ2_bzDecompress(&stream);
    const size_t got = buffer.size() - stream.avail_out;
    if (state == BZ_OK || state == BZ_STREAM_END) out.append(buffer, 0, got);
    if (got == 0 && stream.avail_in == 0) break;
  }
  BZ2_bzDecompressEnd(&stream);
  return out;
}

struct Text {
  std::string text, compression = "none";
  bool whole = true;
};

Result<Text> text_of(const FileView& file, const std::string& head, uint64_t at_most) {
  Text out;
  const uint64_t wanted = std::min(file.size, at_most);
  out.text = head.size() >= wanted ? head.substr(0, wanted) : TRY(file.read(0, wanted));
  out.whole = wanted == file.size;
  if (head.starts_with("\x1f\x8b")) out.compression = "gzip";
  if (head.starts_with("BZh")) out.compression = "bzip2";
  if (out.compression == "none") return out;
  out.text = out.compression == "gzip" ? gunzipped(out.text, at_most) : bunzipped(out.text, at_most);
  if (out.text.size() >= at_most) out.whole = false;
  return out;
}

// --- in order --------------------------------------------------------------------------------------------------------

Result<std::optional<FileSchema>> by_custom(const CustomClassifier& custom, const Sample& sample) {
  switch (custom.kind) {
    case CustomClassifier::Kind::kGrok:
      return inspect_grok(sample, custom.grok_pattern, custom.custom_patterns, custom.classification);
    case CustomClassifier::Kind::kXml: {
      auto schema = inspect_xml(sample, custom.row_tag);
      if (schema) schema->classification = custom.classification;
      return schema;
    }
    case CustomClassifier::Kind::kJson: return inspect_json(sample, custom.json_path);
    case CustomClassifier::Kind::kCsv: return inspect_csv(sample, &custom);
  }
  return std::nullopt;
}

Result<std::optional<FileSchema>> by_text(const Sample& sample, const std::vector<CustomClassifier>& custom) {
  for (const CustomClassifier& each : custom)
    if (auto schema = TRY(by_custom(each, sample))) return schema;
  if (sample.text.find('\0') != std::string_view::npos) return std::nullopt;
  if (auto schema = inspect_json(sample)) return schema;
  if (auto schema = inspect_xml(sample)) return schema;
  if (auto schema = TRY(inspect_logs(sample))) return schema;
  return inspect_csv(sample);
}

Result<std::optional<FileSchema>> parquet_of(const FileView& file, const std::string& head) {
  if (!head.starts_with("PAR1") || file.size < 12) return std::nullopt;
  const uint64_t guess = std::min(file.size, kFooterGuess);
  std::string tail = head.size() == file.size ? head : TRY(file.read(file.size - guess, guess));
  if (!tail.ends_with("PAR1")) return std::nullopt;
  const auto byte = [&](size_t i) {
    return static_cast<uint64_t>(static_cast<unsigned char>(tail[tail.size() - 8 + i]));
  };
  const uint64_t length = byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
  if (length + 12 > file.size) return std::nullopt;
  if (length + 8 > tail.size()) tail = TRY(file.read(file.size - length - 8, length + 8));
  return inspect_parquet(std::string_view(tail).substr(tail.size() - 8 - length, length));
}

}  // namespace

// --- types -----------------------------------------------------------------------------------------------------------

std::string HiveType::text() const {
  if (name.empty()) return "string";
  if (name == "array" && members.size() == 1) return fmt::format("array<{}>", members[0].second.text());
  if (name == "map" && members.size() == 2)
    return fmt::format("map<{},{}>", members[0].second.text(), members[1].second.text());
  if (name != "struct") return name;
  std::string out = "struct<";
  for (size_t i = 0; i < members.size(); ++i)
    out += fmt::format("{}{}:{}", i > 0 ? "," : "", members[i].first, members[i].second.text());
  return out + ">";
}

HiveType widened(const HiveType& a, const HiveType& b) {
  if (a == b || b.name.empty()) return a;
  if (a.name.empty()) return b;
  const int left = rank_of(a.name), right = rank_of(b.name);
  if (left >= 0 && right >= 0) return left > right ? a : b;
  if (a.name == "struct" && b.name == "struct") return merged_struct(a, b);
  if (a.name == b.name && a.members.size() == b.members.size()) {
    HiveType out = a;
    for (size_t i = 0; i < out.members.size(); ++i)
      out.members[i].second = widened(a.members[i].second, b.members[i].second);
    return out;
  }
  return {"string"};
}

std::vector<FileColumn> merged(const std::vector<FileColumn>& a, const std::vector<FileColumn>& b) {
  std::vector<FileColumn> out = a;
  for (const FileColumn& column : b) {
    const auto same = std::ranges::find(out, column.name, &FileColumn::name);
    if (same == out.end())
      out.push_back(column);
    else
      same->type = widened(same->type, column.type);
  }
  return out;
}

bool FileSchema::compatible(const FileSchema& other) const {
  const auto same_parameters = [&] {
    FileSchema a = *this, b = other;
    a.parameters.erase("avro.schema.literal");  // each file has its own; the columns tell
    b.parameters.erase("avro.schema.literal");
    return a.parameters == b.parameters;
  };
  return classification == other.classification && compression == other.compression && delimiter == other.delimiter &&
         header == other.header && same_parameters();
}

double similarity(const FileSchema& a, const FileSchema& b) {
  const size_t all = std::max(a.columns.size(), b.columns.size());
  if (all == 0) return 1;
  size_t same = 0;
  for (const FileColumn& column : a.columns) {
    const auto other = std::ranges::find(b.columns, column.name, &FileColumn::name);
    if (other != b.columns.end() && of_one_kind(column.type, other->type)) ++same;
  }
  return static_cast<double>(same) / static_cast<double>(all);
}

// --- files -----------------------------------------------------------------------------------------------------------

Result<FileSchema> inspect(const FileView& file, const std::vector<CustomClassifier>& custom) {
  FileSchema unknown{.classification = "UNKNOWN"};
  if (file.size == 0) return unknown;
  const std::string head = TRY(file.read(0, std::min<uint64_t>(file.size, 64 << 10)));
  if (custom.empty() || head.starts_with("PAR1") || head.starts_with("Obj\1")) {
    if (auto parquet = TRY(parquet_of(file, head))) return *parquet;
    if (head.starts_with("Obj\1"))
      if (auto avro = inspect_avro(TRY(file.read(0, std::min(file.size, kHead))))) return *avro;
  }
  // A record may be longer than what is looked at: then more is.
  for (uint64_t at_most = kHead; at_most <= kMostHead; at_most *= 10) {
    const Text text = TRY(text_of(file, head, at_most));
    if (auto schema = TRY(by_text({.text = text.text, .whole = text.whole}, custom))) {
      schema->compression = text.compression;
      schema->exact = text.whole && schema->records < Sample{}.records_at_most;
      return *schema;
    }
    if (text.whole) break;
  }
  return unknown;
}

}  // namespace tarn::lake
