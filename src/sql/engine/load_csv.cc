#include "sql/engine/load_csv.h"

#include <charconv>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "duckdb/common/operator/cast_operators.hpp"
#include "sql/engine/errors.h"
#include "sql/engine/instance.h"
#include "sql/engine/load_parser.h"

namespace tarn::sql::engine {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::string_t;
using std::string;

bool readable(const LogicalType& type) {
  if (type.IsJSONType() || type.HasAlias()) return false;
  switch (type.id()) {
    case LogicalTypeId::VARCHAR:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::DECIMAL:
    case LogicalTypeId::FLOAT:
    case LogicalTypeId::DOUBLE:
    case LogicalTypeId::BOOLEAN:
    case LogicalTypeId::DATE:
    case LogicalTypeId::TIMESTAMP: return true;
    default: return false;
  }
}

bool plain_format(const string& format) {
  return format.empty() || format == "auto";
}

bool options_allow(const LoadRequest& r) {
  const bool csv = r.format == FileFormat::kCsv;
  if (!csv && (r.format != FileFormat::kText || r.escape || r.remove_quotes)) return false;
  if (r.accept_any_date || r.fill_record || r.ignore_blank_lines || r.truncate_columns || r.accept_inv_chars) return false;
  if (!plain_format(r.date_format) || !plain_format(r.time_format)) return false;
  if (r.delimiter.size() != 1 || (csv && r.quote.size() != 1)) return false;
  const string null = r.null_as.value_or("\\N");
  return null.find('\0') == string::npos && null.find(r.delimiter) == string::npos;
}

bool compressed(const LoadRequest& request) {
  if (request.compression == Compression::kNone) return false;
  if (request.compression != Compression::kAuto) return true;
  return std::any_of(request.uris.begin(), request.uris.end(), [](const string& uri) {
    return uri.ends_with(".gz") || uri.ends_with(".bz2") || uri.ends_with(".zst");
  });
}

// How all lines of the objects end: "\n" or "\r\n", every one alike and none empty; "" where they do not.
class LineEnds {
 public:
  void add(const char* bytes, size_t size) {
    if (size > 0 && !windows_ && last_ != '\r' && !std::memchr(bytes, '\r', size)) return add_bare(bytes, size);
    for (const char* at = bytes; !mixed_ && size > 0;) {
      const auto* end = static_cast<const char*>(std::memchr(at, '\n', size));
      const size_t length = end ? static_cast<size_t>(end - at) : size;
      if (length > 0) {
        // A carriage return may stand at a line's end only, and then does at each.
        const auto* carriage = static_cast<const char*>(std::memchr(at, '\r', length));
        if (carriage && (carriage != at + length - 1)) mixed_ = true;
        if (last_ == '\r') mixed_ = true;
        empty_ = empty_ && length == 1 && carriage;
        last_ = at[length - 1];
      }
      if (!end) return;
      const bool windows = last_ == '\r';
      if (empty_) mixed_ = true;
      if (std::exchange(first_, false)) windows_ = windows;
      if (windows != windows_) mixed_ = true;
      last_ = '\n';
      empty_ = true;
      at = end + 1;
      size -= length + 1;
    }
  }
  void end_of_object() {
    if (last_ == '\r') mixed_ = true;
    last_ = '\n';
    empty_ = true;
  }
  // Bytes without a carriage return.
  void add_bare(const char* bytes, size_t size) {
    for (const char *at = bytes, *const end = bytes + size; at < end;) {
      const auto* found = static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
      if (found != at) empty_ = false;
      if (!found) break;
      if (empty_) mixed_ = true;
      empty_ = true;
      first_ = false;
      at = found + 1;
    }
    last_ = bytes[size - 1];
  }

  // Bare and paired line ends cannot both stand in one scan; one object has told.
  string which() const { return mixed_ ? "" : windows_ ? "\\r\\n" : "\\n"; }

 private:
  bool mixed_ = false, windows_ = false, empty_ = true;
  bool first_ = true;  // no line has ended yet
  char last_ = '\n';
};

// Whether quotes stand only where the reader takes them as Redshift does: around whole fields, doubled within.
class Quotes {
 public:
  Quotes(char quote, char delimiter) : quote_(quote), delimiter_(delimiter) {}

  void add(const char* bytes, size_t size) {
    const char *at = bytes, *const end = bytes + size;
    while (at < end && plain_) {
      if (state_ == State::kClosed) {  // behind a quote within a quoted field
        state_ = *at == quote_ ? State::kInside : State::kOutside;
        plain_ = *at == quote_ || *at == delimiter_ || *at == '\n' || *at == '\r';
        before_ = *at++;
        continue;
      }
      const auto* next = static_cast<const char*>(std::memchr(at, quote_, static_cast<size_t>(end - at)));
      if (!next) break;
      if (state_ == State::kInside) {
        state_ = State::kClosed;
      } else {
        const char before = next == bytes ? before_ : next[-1];
        plain_ = before == delimiter_ || before == '\n';
        state_ = State::kInside;
      }
      at = next + 1;
    }
    if (size > 0) before_ = bytes[size - 1];
  }
  void end_of_object() {
    plain_ = plain_ && state_ != State::kInside;
    state_ = State::kOutside;
    before_ = '\n';
  }
  bool plain() const { return plain_; }

 private:
  enum class State : uint8_t { kOutside, kInside, kClosed };
  const char quote_, delimiter_;
  State state_ = State::kOutside;
  char before_ = '\n';
  bool plain_ = true;
};

// The line end of all objects' lines; "" where the row parser must read them.
string line_ends(duckdb::ClientContext& context, const LoadRequest& request) {
  constexpr size_t kBlock = 1 << 20;
  LineEnds ends;
  const bool csv = request.format == FileFormat::kCsv;
  Quotes quotes(csv ? request.quote[0] : '\0', request.delimiter[0]);
  string buffer(kBlock, '\0');
  for (const string& uri : request.uris) {
    const ByteSource source = open_text(context, uri, Compression::kNone);
    while (const size_t n = source(buffer.data(), kBlock)) {
      ends.add(buffer.data(), n);
      if (csv) quotes.add(buffer.data(), n);
      if (ends.which().empty() || !quotes.plain()) return "";
    }
    ends.end_of_object();
    quotes.end_of_object();
    if (!quotes.plain()) return "";
  }
  return ends.which();
}

// The reader skips lines, Redshift records: the same unless a quoted field of the header holds a line's end.
bool header_is_lines(duckdb::ClientContext& context, const LoadRequest& request) {
  if (request.ignore_header == 0) return true;
  for (const string& uri : request.uris) {
    LoadRequest whole = request;
    whole.ignore_header = 0;
    TextReader reader(open_text(context, uri, Compression::kNone), whole);
    for (int i = 0; i < request.ignore_header; ++i) {
      const auto record = reader.next_record();
      if (!record || record->text.find('\n') != string::npos) return false;
    }
  }
  return true;
}

string own(const char* function, const string& arguments) {
  string call = "system.";
  call.append(kFunctionSchema).append(".").append(function).append("(").append(arguments).append(")");
  return call;
}

// The function that makes such a value of a field's text; nullptr: a cast does.
const char* conversion(LogicalTypeId type) {
  switch (type) {
    case LogicalTypeId::SMALLINT: return "load_smallint";
    case LogicalTypeId::INTEGER: return "load_integer";
    case LogicalTypeId::BIGINT: return "load_bigint";
    case LogicalTypeId::DOUBLE: return "load_double";
    case LogicalTypeId::BOOLEAN: return "load_boolean";
    default: return nullptr;
  }
}

// What the row parser makes of a field, as an expression over its text.
string converted(const LoadRequest& request, const string& field, const LoadColumn& column) {
  string sql;
  if (const char* function = conversion(column.type.id())) return own(function, field);
  if (column.type.id() != LogicalTypeId::VARCHAR) {
    if (column.type.id() == LogicalTypeId::DECIMAL && !request.round_decimals) {
      const int scale = duckdb::DecimalType::GetScale(column.type);
      sql.append("CAST(").append(own("load_decimal", field + ", " + std::to_string(scale)));
      return sql.append(" AS ").append(column.type.ToString()).append(")");
    }
    sql.append("CAST(").append(own("load_trimmed", field));
    return sql.append(" AS ").append(column.type.ToString()).append(")");
  }
  string text = request.trim_blanks ? "rtrim(" + field + ", ' ')" : field;
  if (request.empty_as_null) text = "nullif(" + text + ", '')";
  if (request.blanks_as_null) {
    sql.append("CASE WHEN ").append(text).append(" <> '' AND ").append(own("load_trimmed", text));
    text = sql.append(" IS NULL THEN NULL ELSE ").append(text).append(" END");
  }
  return column.bytes > 0 ? own("load_fits", text + ", " + std::to_string(column.bytes)) : text;
}

// --- functions -------------------------------------------------------------------------------------------------------------

// A view into `text`, which holds short ones itself.
std::string_view trimmed_blanks(const string_t& text) {
  const std::string_view whole(text.GetData(), text.GetSize());
  const bool cut = !whole.empty() && whole.front() > ' ' && whole.back() > ' ';  // as most are
  return cut ? whole : trim(whole);
}

[[noreturn]] void refuse() {
  throw duckdb::ConversionException("A record is refused.");  // the row parser says which, and why
}

// Without blanks around it; NULL where nothing is left.
void trimmed_text(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::ExecuteWithNulls<string_t, string_t>(
      input.data[0], result, input.size(), [](string_t text, duckdb::ValidityMask& mask, duckdb::idx_t row) {
        const std::string_view cut = trimmed_blanks(text);
        if (cut.empty()) {
          mask.SetInvalid(row);
          return text;
        }
        return cut.size() == text.GetSize() ? text : string_t(cut.data(), static_cast<uint32_t>(cut.size()));
      });
  duckdb::StringVector::AddHeapReference(result, input.data[0]);
}

template <class T>
T value_of(std::string_view text) {
  T value{};
  if constexpr (std::is_same_v<T, bool>) {
    const auto is_one_of = [&](std::initializer_list<std::string_view> words) {
      return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return equals_ignore_case(text, word); });
    };
    value = is_one_of({"t", "true", "1", "y", "yes"});
    if (!value && !is_one_of({"f", "false", "0", "n", "no"})) refuse();
  } else if constexpr (std::is_integral_v<T>) {
    if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) refuse();
  } else {
    const string_t number(text.data(), static_cast<uint32_t>(text.size()));
    if (!duckdb::TryCast::Operation<string_t, T>(number, value)) refuse();
  }
  return value;
}

// The value that the text, without blanks around it, is; NULL where nothing is left.
template <class T>
void value_of_text(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::ExecuteWithNulls<string_t, T>(
      input.data[0], result, input.size(), [](string_t text, duckdb::ValidityMask& mask, duckdb::idx_t row) {
        const std::string_view cut = trimmed_blanks(text);
        if (!cut.empty()) return value_of<T>(cut);
        mask.SetInvalid(row);
        return T{};
      });
}

// Without blanks around it, and without the digits behind so many decimals; NULL where nothing is left.
void decimal_text(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::ExecuteWithNulls<string_t, int32_t, string_t>(
      input.data[0], input.data[1], result, input.size(),
      [&](string_t text, int32_t scale, duckdb::ValidityMask& mask, duckdb::idx_t row) {
        const std::string_view cut = cut_decimals(trimmed_blanks(text), scale);
        if (cut.empty()) mask.SetInvalid(row);
        return duckdb::StringVector::AddString(result, cut.data(), cut.size());
      });
}

void fits(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  const auto most = static_cast<duckdb::idx_t>(input.data[1].GetValue(0).GetValue<int32_t>());
  duckdb::UnifiedVectorFormat format;
  input.data[0].ToUnifiedFormat(input.size(), format);
  const auto* texts = duckdb::UnifiedVectorFormat::GetData<string_t>(format);
  for (duckdb::idx_t row = 0; row < input.size(); ++row) {
    const auto at = format.sel->get_index(row);
    if (format.validity.RowIsValid(at) && texts[at].GetSize() > most) refuse();
  }
  result.Reference(input.data[0]);
}

}  // namespace

std::string_view cut_decimals(std::string_view text, int scale) {
  const size_t point = text.find('.');
  if (point == std::string_view::npos || text.find_first_not_of("0123456789", point + 1) != std::string_view::npos) return text;
  return text.substr(0, scale == 0 && point > 0 ? point : point + 1 + static_cast<size_t>(scale));
}

std::optional<string> csv_insert(duckdb::ClientContext& context, const LoadRequest& request, const string& table,
                                 const std::vector<LoadColumn>& columns) {
  const bool types = std::all_of(columns.begin(), columns.end(), [](const auto& column) { return readable(column.type); });
  // Of one column an empty line is a value.
  if (!types || columns.size() < 2 || request.uris.empty() || !options_allow(request) || compressed(request)) return {};
  if (!header_is_lines(context, request)) return {};
  const string newline = line_ends(context, request);
  if (newline.empty()) return {};
  const bool csv = request.format == FileFormat::kCsv;
  string into, from, names, files;
  for (size_t i = 0; i < columns.size(); ++i) {
    const string field = "c" + std::to_string(i);
    into += (i ? ", " : "") + quote_name(columns[i].name);
    from += (i ? ", " : "") + converted(request, field, columns[i]);
    names += (i ? ", " : "") + field + ": 'VARCHAR'";
  }
  for (const string& uri : request.uris) files += (files.empty() ? "" : ", ") + quote(uri);
  const string mark = csv ? request.quote : "";
  string sql = "INSERT INTO ";
  sql.append(table).append(" (").append(into).append(") SELECT ").append(from).append(" FROM read_csv([").append(files);
  sql.append("], columns = {").append(names).append("}, auto_detect = false, header = false, hive_partitioning = false");
  sql.append(", compression = 'none', comment = '', allow_quoted_nulls = false, delim = ").append(quote(request.delimiter));
  sql.append(", quote = ").append(quote(mark)).append(", escape = ").append(quote(mark));
  sql.append(", new_line = ").append(quote(newline)).append(", nullstr = ");
  sql.append(quote(request.null_as.value_or("\\N"))).append(", skip = ");
  sql.append(std::to_string(request.ignore_header)).append(")");
  return sql;
}

void add_load(Registry& registry) {
  const LogicalType text = LogicalType::VARCHAR;
  const auto add = [&](const char* name, duckdb::vector<LogicalType> arguments, duckdb::scalar_function_t run,
                       const LogicalType& type = LogicalType::VARCHAR) {
    duckdb::ScalarFunction function(name, std::move(arguments), type, std::move(run));
    function.errors = duckdb::FunctionErrors::CAN_THROW_RUNTIME_ERROR;
    registry.add(function);
  };
  add("load_trimmed", {text}, trimmed_text);
  add("load_smallint", {text}, value_of_text<int16_t>, LogicalType::SMALLINT);
  add("load_integer", {text}, value_of_text<int32_t>, LogicalType::INTEGER);
  add("load_bigint", {text}, value_of_text<int64_t>, LogicalType::BIGINT);
  add("load_double", {text}, value_of_text<double>, LogicalType::DOUBLE);
  add("load_boolean", {text}, value_of_text<bool>, LogicalType::BOOLEAN);
  add("load_decimal", {text, LogicalType::INTEGER}, decimal_text);
  add("load_fits", {text, LogicalType::INTEGER}, fits);
}

}  // namespace tarn::sql::engine
