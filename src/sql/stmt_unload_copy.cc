// UNLOAD and COPY, with all their options.
#include "base/text.h"
#include "sql/sql_error.h"
#include "sql/stmt_redshift.h"

namespace tarn::sql {
namespace {

constexpr uint64_t kMiB = 1ull << 20, kGiB = 1ull << 30;
constexpr uint64_t kMinFileSize = 5 * kMiB, kMaxFileSize = static_cast<uint64_t>(6.2 * double{kGiB});

// IAM_ROLE .. | [WITH] CREDENTIALS [AS] 'aws_iam_role=arn'. False: neither starts here.
Result<bool> authorisation(Reader& reader, RoleChoice& role) {
  if (reader.accept("iam_role")) {
    role = TRY(parse_role(reader));
    return true;
  }
  if (reader.accept("with", "credentials") || reader.accept("credentials")) {
    reader.accept("as");
    const size_t position = reader.peek().begin + 1;
    const std::string text = TRY(reader.string());
    constexpr std::string_view kRole = "aws_iam_role=";
    if (!text.starts_with(kRole))
      return sql_error(kNotSupported, "CREDENTIALS with access keys is not supported; use IAM_ROLE", position);
    role.arns.emplace_back(trim(std::string_view(text).substr(kRole.size())));
    return true;
  }
  if (reader.peek().is("access_key_id"))
    return sql_error(kNotSupported, "ACCESS_KEY_ID is not supported; use IAM_ROLE", reader.peek().begin + 1);
  return false;
}

Status check_authorised(const Reader& reader, const RoleChoice& role, std::string_view statement) {
  if (role.is_default || !role.arns.empty()) return {};
  return sql_error(kSyntaxError, std::string(statement) + " needs an authorisation: IAM_ROLE default or IAM_ROLE 'arn'",
                   reader.source().size() + 1);
}

Status check_uri(const std::string& uri, size_t position) {
  if (uri.starts_with("s3://") && uri.size() > 5 && uri[5] != '/') return {};
  return sql_error(kInvalidParameter, "'" + uri + "' is no S3 path: write 's3://bucket/prefix'", position);
}

// [AS] 'c', one character.
Result<std::string> character(Reader& reader, std::string_view option) {
  reader.accept("as");
  const size_t position = reader.peek().begin + 1;
  std::string text = TRY(reader.string());
  if (text.size() != 1)
    return sql_error(kInvalidParameter, std::string(option) + " must be a single character", position);
  return text;
}

// n [MB|GB]
Result<uint64_t> byte_size(Reader& reader) {
  reader.accept("as");
  if (reader.peek().kind != TokenKind::kNumber) return reader.unexpected();
  const auto n = parse_double(reader.peek().text);
  if (!n) return reader.unexpected();
  reader.next();
  const bool gb = reader.accept("gb");
  if (!gb) reader.accept("mb");
  return static_cast<uint64_t>(*n * static_cast<double>(gb ? kGiB : kMiB));
}

bool compression(Reader& reader, Compression& out) {
  if (reader.accept("gzip"))
    out = Compression::kGzip;
  else if (reader.accept("bzip2"))
    out = Compression::kBzip2;
  else if (reader.accept("zstd"))
    out = Compression::kZstd;
  else
    return false;
  return true;
}

Failure unsupported(const Reader& reader, std::string_view what) {
  return sql_error(kNotSupported, std::string(what) + " is not supported yet", reader.peek().begin + 1);
}

struct UnloadParser {
  Reader& reader;
  Unload& unload;
  bool delimiter_given = false;

  Result<bool> format() {
    const bool word = reader.accept("format");
    if (word) reader.accept("as");
    UnloadRequest& request = unload.request;
    if (reader.accept("parquet"))
      request.format = FileFormat::kParquet;
    else if (reader.accept("csv"))
      request.format = FileFormat::kCsv;
    else if (reader.accept("json"))
      request.format = FileFormat::kJson;
    else if (reader.accept("fixedwidth"))
      return fixed_width();
    else if (word)
      return reader.unexpected();
    else
      return false;
    return true;
  }

  Result<bool> fixed_width() {
    unload.request.format = FileFormat::kFixedWidth;
    reader.accept("as");
    unload.request.fixed_width = TRY(reader.string());
    return true;
  }

  Status partition_by() {
    TRY(reader.expect_op("("));
    do unload.request.partition_by.push_back(TRY(reader.name()));
    while (reader.accept_op(","));
    TRY(reader.expect_op(")"));
    unload.request.include_partition_columns = reader.accept("include");
    return {};
  }

  Status option() {
    UnloadRequest& request = unload.request;
    if (TRY(authorisation(reader, unload.role)) || TRY(format()) || compression(reader, request.compression)) return {};
    if (reader.accept("partition", "by")) return partition_by();
    if (reader.accept("manifest")) {
      request.manifest = true;
      unload.manifest_verbose = reader.accept("verbose");
    } else if (reader.accept("header")) {
      request.header = true;
    } else if (reader.accept("delimiter")) {
      request.delimiter = TRY(character(reader, "DELIMITER"));
      delimiter_given = true;
    } else if (reader.accept("addquotes")) {
      request.add_quotes = true;
    } else if (reader.accept("escape")) {
      request.escape = true;
    } else if (reader.accept("null")) {
      reader.accept("as");
      request.null_as = TRY(reader.string());
    } else if (reader.accept("allowoverwrite")) {
      unload.allow_overwrite = true;
    } else if (reader.accept("cleanpath")) {
      unload.clean_path = true;
    } else if (reader.accept("parallel")) {
      request.parallel = reader.on_off(true);
    } else if (reader.accept("maxfilesize")) {
      return max_file_size();
    } else if (reader.accept("rowgroupsize")) {
      TRY(byte_size(reader));
    } else if (reader.accept("region")) {
      reader.accept("as");
      TRY(reader.string());
    } else if (reader.accept("extension")) {
      request.extension = TRY(reader.string());
    } else if (reader.peek().is("encrypted") || reader.peek().is("kms_key_id") ||
               reader.peek().is("master_symmetric_key")) {
      return unsupported(reader, "UNLOAD with " + upper(reader.peek().text));
    } else {
      return reader.unexpected();
    }
    return {};
  }

  Status max_file_size() {
    const size_t position = reader.peek().begin + 1;
    unload.request.max_file_size = TRY(byte_size(reader));
    if (unload.request.max_file_size < kMinFileSize || unload.request.max_file_size > kMaxFileSize)
      return sql_error(kInvalidParameter, "MAXFILESIZE must be between 5 MB and 6.2 GB", position);
    return {};
  }

  Status check() const {
    const UnloadRequest& request = unload.request;
    const auto refused = [](std::string_view option, std::string_view format) {
      return sql_error(kInvalidParameter,
                       std::string(option) + " is not supported for UNLOAD to " + std::string(format));
    };
    if (request.format == FileFormat::kFixedWidth) {  // AWS: UNLOAD, FIXEDWIDTH
      if (delimiter_given) return refused("DELIMITER", "FIXEDWIDTH");
      if (request.header) return refused("HEADER", "FIXEDWIDTH");
    }
    if (request.format == FileFormat::kParquet || request.format == FileFormat::kJson) {
      const std::string_view format = request.format == FileFormat::kParquet ? "PARQUET" : "JSON";
      if (delimiter_given) return refused("DELIMITER", format);
      if (request.header) return refused("HEADER", format);
      if (request.add_quotes) return refused("ADDQUOTES", format);
      if (request.escape) return refused("ESCAPE", format);
      if (request.null_as) return refused("NULL AS", format);
    }
    if (request.format == FileFormat::kParquet && request.compression != Compression::kNone)
      return refused("GZIP, BZIP2 or ZSTD", "PARQUET");
    if (request.format == FileFormat::kCsv && request.add_quotes) return refused("ADDQUOTES", "CSV");
    if (request.format == FileFormat::kCsv && request.escape) return refused("ESCAPE", "CSV");
    if (unload.allow_overwrite && unload.clean_path)
      return sql_error(kInvalidParameter, "CLEANPATH and ALLOWOVERWRITE cannot be used together");
    return {};
  }
};

struct CopyParser {
  Reader& reader;
  Copy& copy;
  bool delimiter_given = false;

  void start_format(FileFormat format) {
    copy.request.format = format;
    if (format == FileFormat::kCsv && !delimiter_given) copy.request.delimiter = ",";
  }

  // AUTO, its tolerance, or neither.
  Status simplify() {
    if (!reader.accept("simplify")) return {};
    const bool automatic = reader.accept("auto");
    copy.request.simplify_tolerance = 0;
    if (reader.peek().kind == TokenKind::kNumber || reader.peek().kind == TokenKind::kString) {
      const auto tolerance = parse_double(reader.peek().text);
      if (!tolerance || *tolerance < 0) return reader.unexpected();
      copy.request.simplify_tolerance = *tolerance;
      reader.next();
    } else if (!automatic) {
      copy.request.simplify_tolerance = 0;
    }
    return {};
  }

  Result<bool> format() {
    const bool word = reader.accept("format");
    if (word) reader.accept("as");
    if (reader.accept("csv")) {
      start_format(FileFormat::kCsv);
    } else if (reader.accept("parquet")) {
      start_format(FileFormat::kParquet);
    } else if (reader.accept("json")) {
      start_format(FileFormat::kJson);
      reader.accept("as");
      copy.request.json_paths = "auto";
      if (reader.peek().kind == TokenKind::kString) copy.request.json_paths = TRY(reader.string());
    } else if (reader.accept("shapefile")) {
      start_format(FileFormat::kShapefile);
      TRY(simplify());
    } else if (reader.accept("fixedwidth")) {
      start_format(FileFormat::kFixedWidth);
      reader.accept("as");
      copy.request.fixed_width = TRY(reader.string());
    } else if (reader.accept("avro")) {
      start_format(FileFormat::kAvro);
      reader.accept("as");
      copy.request.json_paths = "auto";
      if (reader.peek().kind == TokenKind::kString) copy.request.json_paths = TRY(reader.string());
    } else if (reader.peek().is("orc")) {
      return unsupported(reader, "COPY FORMAT " + upper(reader.peek().text));
    } else if (word && !reader.peek().is("delimiter")) {
      return reader.unexpected();
    } else {
      return false;
    }
    return true;
  }

  // Options that are only a word.
  bool flag() {
    LoadRequest& request = copy.request;
    const std::pair<std::string_view, bool*> flags[] = {
        {"acceptanydate", &request.accept_any_date},
        {"blanksasnull", &request.blanks_as_null},
        {"emptyasnull", &request.empty_as_null},
        {"escape", &request.escape},
        {"explicit_ids", &request.explicit_ids},
        {"fillrecord", &request.fill_record},
        {"ignoreblanklines", &request.ignore_blank_lines},
        {"removequotes", &request.remove_quotes},
        {"roundec", &request.round_decimals},
        {"trimblanks", &request.trim_blanks},
        {"truncatecolumns", &request.truncate_columns},
        {"manifest", &copy.manifest},
        {"noload", &copy.no_load},
    };
    for (const auto& [word, value] : flags)
      if (reader.accept(word)) {
        *value = true;
        return true;
      }
    return false;
  }

  Result<std::string> text_option() {
    reader.accept("as");
    return reader.string();
  }

  Status option() {
    LoadRequest& request = copy.request;
    if (TRY(authorisation(reader, copy.role)) || TRY(format()) || compression(reader, request.compression) || flag())
      return {};
    if (reader.accept("delimiter")) {
      request.delimiter = TRY(character(reader, "DELIMITER"));
      delimiter_given = true;
    } else if (reader.accept("quote")) {
      request.quote = TRY(character(reader, "QUOTE"));
    } else if (reader.accept("null")) {
      request.null_as = TRY(text_option());
    } else if (reader.accept("ignoreheader")) {
      reader.accept("as");
      request.ignore_header = static_cast<int>(TRY(reader.integer()));
    } else if (reader.accept("maxerror")) {
      reader.accept("as");
      request.max_error = static_cast<int>(TRY(reader.integer()));
    } else if (reader.accept("acceptinvchars")) {
      const bool as = reader.accept("as");
      request.accept_inv_chars = "?";
      if (as || reader.peek().kind == TokenKind::kString)
        request.accept_inv_chars = TRY(character(reader, "ACCEPTINVCHARS"));
    } else if (reader.accept("dateformat")) {
      request.date_format = TRY(text_option());
    } else if (reader.accept("timeformat")) {
      request.time_format = TRY(text_option());
    } else if (reader.accept("encoding")) {
      return encoding();
    } else {
      return accepted();
    }
    return {};
  }

  Status encoding() {
    reader.accept("as");
    const size_t position = reader.peek().begin + 1;
    std::string name;
    if (reader.peek().kind == TokenKind::kString)
      name = lower(TRY(reader.string()));
    else
      name = TRY(reader.name());
    if (name == "utf8" || name == "utf-8") return {};
    return sql_error(kNotSupported, "ENCODING " + upper(name) + " is not supported yet; UTF8 is", position);
  }

  // Options that change how Redshift stores or chooses, and nothing here.
  Status accepted() {
    if (reader.accept("compupdate")) {
      if (!reader.accept("preset")) reader.on_off(true);
    } else if (reader.accept("statupdate")) {
      reader.on_off(true);
    } else if (reader.accept("comprows")) {
      TRY(reader.integer());
    } else if (reader.accept("region")) {
      TRY(text_option());
    } else if (reader.accept("serializetojson")) {  // of Parquet's nested columns: those of a SUPER column always are
    } else if (reader.peek().is("lzop") || reader.peek().is("encrypted") || reader.peek().is("readratio") ||
               reader.peek().is("ssh") || reader.peek().is("master_symmetric_key")) {
      return unsupported(reader, "COPY with " + upper(reader.peek().text));
    } else {
      return reader.unexpected();
    }
    return {};
  }
};

}  // namespace

Result<Statement> parse_unload(Reader& reader) {
  Unload unload;
  TRY(reader.expect_op("("));
  if (reader.peek().kind != TokenKind::kString)
    return sql_error(kSyntaxError, "UNLOAD takes its query as a string: UNLOAD ('SELECT ..')", reader.peek().begin + 1);
  unload.query_position = reader.peek().begin;
  unload.request.sql = TRY(reader.string());
  TRY(reader.expect_op(")"));
  TRY(reader.expect("to"));
  const size_t position = reader.peek().begin + 1;
  unload.request.uri = TRY(reader.string());
  TRY(check_uri(unload.request.uri, position));
  UnloadParser parser{reader, unload};
  while (!reader.at_end()) TRY(parser.option());
  TRY(check_authorised(reader, unload.role, "UNLOAD"));
  TRY(parser.check());
  if (unload.request.format == FileFormat::kCsv && !parser.delimiter_given) unload.request.delimiter = ",";
  return unload;
}

Result<Statement> parse_copy(Reader& reader) {
  Copy copy;
  const QualifiedName table = TRY(reader.qualified_name());
  copy.request.schema = table.schema;
  copy.request.table = table.name;
  if (reader.accept_op("(")) {
    do copy.request.columns.push_back(TRY(reader.name()));
    while (reader.accept_op(","));
    TRY(reader.expect_op(")"));
  }
  TRY(reader.expect("from"));
  const size_t position = reader.peek().begin + 1;
  copy.uri = TRY(reader.string());
  for (const std::string_view source : {"dynamodb://", "emr://", "ssh://"})
    if (copy.uri.starts_with(source))
      return sql_error(kNotSupported, "COPY FROM '" + std::string(source) + "' is not supported yet", position);
  TRY(check_uri(copy.uri, position));
  CopyParser parser{reader, copy};
  while (!reader.at_end()) TRY(parser.option());
  TRY(check_authorised(reader, copy.role, "COPY"));
  if (copy.request.format == FileFormat::kCsv && (copy.request.escape || copy.request.remove_quotes))
    return sql_error(kInvalidParameter, "CSV is not compatible with ESCAPE and REMOVEQUOTES");
  return copy;
}

}  // namespace tarn::sql
