#include "pgwire/copy_in.h"

#include <fmt/format.h>

#include "base/text.h"
#include "sql/reader.h"
#include "sql/sql_error.h"

namespace tarn::pgwire {
namespace {

constexpr size_t kRowsAtOnce = 1000, kBytesAtOnce = 256 << 10;
constexpr size_t kMaxRow = 16 << 20;

// One byte, of DELIMITER, QUOTE or ESCAPE.
Result<char> one_byte(sql::Reader& reader, std::string_view option) {
  (void)reader.accept("as");
  const std::string text = TRY(reader.string());
  if (text.size() != 1 || text[0] == '\n' || text[0] == '\r')
    return sql::sql_error(sql::kNotSupported, fmt::format("COPY {} must be a single one-byte character", option));
  return text[0];
}

// FORMAT csv, DELIMITER '..' ..: in parentheses and in the older form alike.
Status option(sql::Reader& reader, CopyIn::Options& out, bool& delimited, bool& null_given) {
  if (reader.accept("format")) {
    const std::string format = lower(reader.next().text);
    if (format != "csv" && format != "text")
      return sql::sql_error(sql::kNotSupported,
                            fmt::format("COPY format \"{}\" is not supported: use csv or text", format));
    out.csv = format == "csv";
  } else if (reader.accept("csv")) {
    out.csv = true;
  } else if (reader.accept("header")) {
    out.header = reader.on_off(true);
  } else if (reader.accept("delimiter") || reader.accept("delimiters")) {
    out.delimiter = TRY(one_byte(reader, "delimiter"));
    delimited = true;
  } else if (reader.accept("null")) {
    (void)reader.accept("as");
    out.null_text = TRY(reader.string());
    null_given = true;
  } else if (reader.accept("quote")) {
    out.quote = out.escape = TRY(one_byte(reader, "quote"));
  } else if (reader.accept("escape")) {
    out.escape = TRY(one_byte(reader, "escape"));
  } else if (reader.accept("encoding")) {
    const std::string name = TRY(reader.string());
    if (!equals_ignore_case(name, "utf8") && !equals_ignore_case(name, "utf-8"))
      return sql::sql_error(sql::kNotSupported, fmt::format("COPY encoding '{}' is not supported: send UTF8", name));
  } else {
    return reader.unexpected();
  }
  return {};
}

}  // namespace

Result<std::optional<CopyIn::Options>> CopyIn::parse(const sql::StatementText& statement) {
  sql::Reader reader(statement.text, statement.tokens);
  if (!reader.accept("copy")) return std::nullopt;
  Options out;
  if (reader.peek().is_op("(")) {
    const auto place = reader.skip_parentheses();
    if (!place) return std::nullopt;
    out.query = statement.text.substr(place->first + 1, place->second - place->first - 2);
    if (!reader.accept("to", "stdout")) return std::nullopt;
  } else {
    const auto name = reader.qualified_name();
    if (!name) return std::nullopt;
    out.table = name->quoted();
    std::string columns;
    if (reader.accept_op("(")) {
      do {
        const auto column = reader.name();
        if (!column) return std::nullopt;
        out.columns.push_back(*column);
        columns += (columns.empty() ? "" : ",") + sql::quoted_name(*column);
      } while (reader.accept_op(","));
      if (!reader.accept_op(")")) return std::nullopt;
    }
    const bool to = reader.accept("to", "stdout");
    if (!to && !reader.accept("from", "stdin")) return std::nullopt;
    if (to) out.query = fmt::format("SELECT {} FROM {}", columns.empty() ? "*" : columns, out.table);
  }
  bool delimited = false, null_given = false;
  (void)reader.accept("with");
  if (reader.accept_op("(")) {
    do TRY(option(reader, out, delimited, null_given));
    while (reader.accept_op(","));
    TRY(reader.expect_op(")"));
  } else {
    while (!reader.at_end()) TRY(option(reader, out, delimited, null_given));
  }
  TRY(reader.expect_end());
  if (out.csv && !delimited) out.delimiter = ',';
  if (out.csv && !null_given) out.null_text.clear();
  return out;
}

Status CopyIn::feed(std::string_view bytes) {
  if (ended_) return {};
  if (options_.csv) {
    for (const char c : bytes) TRY(csv_byte(c));
    return {};
  }
  while (!ended_) {
    const size_t end = bytes.find('\n');
    if (pending_.size() + std::min(end, bytes.size()) > kMaxRow)
      return sql::sql_error("54000", fmt::format("line {} of COPY is longer than {} bytes", lines_ + 1, kMaxRow));
    if (end == std::string_view::npos) break;
    pending_ += bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    TRY(line(pending_));
    pending_.clear();
  }
  if (!ended_) pending_ += bytes;
  return {};
}

Status CopyIn::finish() {
  if (ended_) return {};
  if (!options_.csv) return pending_.empty() ? Status() : line(std::exchange(pending_, {}));
  if (in_ == In::kQuoted || in_ == In::kEscaped)
    return sql::sql_error("22P04", fmt::format("unterminated CSV quoted field in line {}", lines_ + 1));
  if (pending_.empty() && row_.empty() && !quoted_) return {};
  TRY(end_csv_value());
  return end_row();
}

// --- text -----------------------------------------------------------------------------------------------------------

Status CopyIn::line(std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text == "\\.") {
    ended_ = true;
    return {};
  }
  ++lines_;
  if (options_.header && lines_ == 1) return {};
  return text_line(text);
}

Status CopyIn::text_line(std::string_view text) {
  std::string value;
  size_t begin = 0;
  const auto end_value = [&](size_t end) {
    if (text.substr(begin, end - begin) == options_.null_text)
      row_.push_back(std::nullopt);
    else
      row_.push_back(std::move(value));
    value.clear();
    begin = end + 1;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == options_.delimiter) {
      end_value(i);
    } else if (text[i] == '\\' && i + 1 < text.size()) {
      constexpr std::string_view kNames = "bfnrtv", kBytes = "\b\f\n\r\t\v";
      const size_t named = kNames.find(text[++i]);
      value += named == std::string_view::npos ? text[i] : kBytes[named];
    } else {
      value += text[i];
    }
  }
  end_value(text.size());
  return end_row();
}

// --- CSV ------------------------------------------------------------------------------------------------------------

Status CopyIn::csv_byte(char c) {
  if (pending_.size() > kMaxRow)
    return sql::sql_error("54000",
                          fmt::format("a value in line {} of COPY is longer than {} bytes", lines_ + 1, kMaxRow));
  if (std::exchange(carriage_return_, false) && c == '\n' && pending_.empty() && row_.empty()) return {};
  switch (in_) {
    case In::kQuoted:
      if (c == options_.escape && options_.escape != options_.quote)
        in_ = In::kEscaped;
      else if (c == options_.quote)
        in_ = In::kAfterQuote;
      else
        pending_ += c;
      return {};
    case In::kEscaped:
      if (c != options_.quote && c != options_.escape) pending_ += options_.escape;
      pending_ += c;
      in_ = In::kQuoted;
      return {};
    case In::kAfterQuote:
      in_ = In::kValue;
      if (c == options_.quote && options_.escape == options_.quote) {
        pending_ += c;
        in_ = In::kQuoted;
        return {};
      }
      break;
    case In::kValue: break;
  }
  if (c == options_.quote) {
    in_ = In::kQuoted;
    quoted_ = true;
  } else if (c == options_.delimiter) {
    return end_csv_value();
  } else if (c == '\n' || c == '\r') {
    carriage_return_ = c == '\r';
    if (row_.empty() && !quoted_ && pending_ == "\\.") {
      ended_ = true;
      return {};
    }
    TRY(end_csv_value());
    return end_row();
  } else {
    pending_ += c;
  }
  return {};
}

Status CopyIn::end_csv_value() {
  if (!quoted_ && pending_ == options_.null_text)
    row_.push_back(std::nullopt);
  else
    row_.push_back(std::move(pending_));
  pending_.clear();
  quoted_ = false;
  return {};
}

// --- rows -----------------------------------------------------------------------------------------------------------

Status CopyIn::end_row() {
  if (options_.csv && ++lines_ == 1 && options_.header) {
    row_.clear();
    return {};
  }
  if (row_.size() < options_.columns.size())
    return sql::sql_error(
        "22P04", fmt::format("missing data for column \"{}\" in line {}", options_.columns[row_.size()], lines_));
  if (row_.size() > options_.columns.size())
    return sql::sql_error("22P04", fmt::format("extra data after last expected column in line {}", lines_));
  insert_ += in_insert_++ == 0 ? "(" : ",(";
  for (size_t i = 0; i < row_.size(); ++i) {
    if (row_[i] && !valid_utf8(*row_[i]))
      return sql::sql_error("22021",
                            fmt::format("column \"{}\" in line {} is no UTF-8 text", options_.columns[i], lines_));
    if (i > 0) insert_ += ',';
    // Redshift's literals know backslashes.
    insert_ += row_[i] ? "'" + replace_all(replace_all(std::move(*row_[i]), "\\", "\\\\"), "'", "''") + "'" : "NULL";
  }
  insert_ += ')';
  ++rows_;
  row_.clear();
  return {};
}

std::optional<std::string> CopyIn::take(bool at_end) {
  if (in_insert_ == 0 || (!at_end && in_insert_ < kRowsAtOnce && insert_.size() < kBytesAtOnce)) return std::nullopt;
  std::string columns;
  for (const std::string& column : options_.columns) columns += (columns.empty() ? "" : ",") + sql::quoted_name(column);
  in_insert_ = 0;
  return "INSERT INTO " + options_.table + "(" + columns + ") VALUES " + std::exchange(insert_, {});
}

// --- out ------------------------------------------------------------------------------------------------------------

namespace {

std::string escaped_text(const std::string& value, char delimiter) {
  constexpr std::string_view kNames = "bfnrtv", kBytes = "\b\f\n\r\t\v";
  std::string out;
  for (const char c : value) {
    const size_t named = kBytes.find(c);
    if (named != std::string_view::npos)
      out += {'\\', kNames[named]};
    else if (c == '\\' || c == delimiter)
      out += {'\\', c};
    else
      out += c;
  }
  return out;
}

std::string quoted_csv(const std::string& value, const CopyIn::Options& options) {
  const bool plain = value != options.null_text && value != "\\." &&
                     value.find_first_of({options.delimiter, options.quote, '\n', '\r'}) == std::string::npos;
  if (plain) return value;
  std::string out(1, options.quote);
  for (const char c : value) {
    if (c == options.quote || c == options.escape) out += options.escape;
    out += c;
  }
  return out + options.quote;
}

}  // namespace

std::string copy_line(const CopyIn::Options& options, const std::vector<std::optional<std::string>>& values) {
  std::string line;
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) line += options.delimiter;
    if (!values[i])
      line += options.null_text;
    else
      line += options.csv ? quoted_csv(*values[i], options) : escaped_text(*values[i], options.delimiter);
  }
  return line + '\n';
}

}  // namespace tarn::pgwire
