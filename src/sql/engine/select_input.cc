#include "sql/engine/select_input.h"

#include "base/json.h"
#include "base/text.h"
#include "sql/engine/errors.h"

namespace tarn::sql::engine {
namespace {

constexpr size_t kMostColumns = 10'000;

RecordFormat format_of(const SelectRequest& request) {
  RecordFormat format;
  format.kind = RecordFormat::Kind::kCsv;
  format.field_delimiter = request.field_delimiter.empty() ? "," : request.field_delimiter;
  format.record_delimiter =
      request.record_delimiter.empty() || request.record_delimiter == "\r\n" ? "\n" : request.record_delimiter;
  format.quote = request.quote.empty() ? '\0' : request.quote[0];
  format.quote_escape = request.quote_escape.empty() ? format.quote : request.quote_escape[0];
  format.comment = request.comments.empty() ? '\0' : request.comments[0];
  format.quoted_record_delimiter = request.quoted_record_delimiter;
  return format;
}

bool word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

// The text's last word, in lower case, which is taken off with the blanks behind it.
std::string take_last_word(std::string_view& text) {
  size_t at = text.size();
  while (at > 0 && std::isspace(static_cast<unsigned char>(text[at - 1]))) --at;
  text = text.substr(0, at);
  while (at > 0 && word_character(text[at - 1])) --at;
  const std::string word = lower(text.substr(at));
  text = text.substr(0, at);
  return word;
}

}  // namespace

SelectInput::SelectInput(ByteSource source, const SelectRequest& request, const std::string& path, size_t width)
    : reader_(std::move(source), format_of(request)),
      json_(request.format == FileFormat::kJson),
      by_lines_(!request.json_document) {
  if (request.scan_end) end_ = *request.scan_end - request.scan_start.value_or(0);
  for (size_t i = 0; i < path.size();) {
    if (path[i] == '[') {
      const size_t close = path.find(']', i);
      if (close == std::string::npos) raise_sql("42601", "The path of the FROM clause is not closed: " + path);
      path_.push_back(path.substr(i, close - i + 1));
      i = close + 1;
    } else if (path[i] == '.') {
      size_t end = i + 1;
      if (end < path.size() && path[end] == '"') {
        end = path.find('"', end + 1);
        if (end == std::string::npos) raise_sql("42601", "The path of the FROM clause is not closed: " + path);
        path_.push_back(path.substr(i + 2, end - i - 2));
        ++end;
      } else {
        while (end < path.size() && path[end] != '.' && path[end] != '[') ++end;
        path_.push_back(path.substr(i + 1, end - i - 1));
      }
      i = end;
    } else {
      raise_sql("42601", "The path of the FROM clause is malformed: " + path);
    }
  }
  if (json_) return;
  if (path_.size() > 1) raise_sql("42601", "A path in FROM is for JSON: " + path);
  if (request.scan_start.value_or(0) > 0) {
    reader_.next();  // the rest of a record that began before
  } else if (request.header != SelectRequest::Header::kNone) {
    const auto header = reader_.next();
    if (header && request.header == SelectRequest::Header::kUse) {
      names_ = header->fields;
      has_header_ = true;
    }
  }
  first_ = reader_.next();
  width_ = std::max({size_t{1}, width, names_.size(), first_ ? first_->fields.size() : 0});  // * of nothing is a column too
  while (names_.size() < width_) names_.push_back("_" + std::to_string(names_.size() + 1));
}

bool SelectInput::next(std::vector<std::optional<std::string>>& fields) {
  fields.clear();
  if (json_) {
    std::string text;
    if (!next_json(text)) return false;
    fields.emplace_back(std::move(text));
    return true;
  }
  if (!first_ && reader_.consumed() >= end_) return false;
  const auto record = first_ ? std::move(first_) : reader_.next();
  first_.reset();
  if (!record) return false;
  for (size_t i = 0; i < width_; ++i) {
    if (i < record->fields.size()) {
      fields.emplace_back(record->fields[i]);
    } else {
      fields.emplace_back();
    }
  }
  return true;
}

bool SelectInput::next_json(std::string& text) {
  while (elements_.empty()) {
    if (reader_.consumed() >= end_) return false;
    const auto document = reader_.next_document(by_lines_);
    if (!document) return false;
    if (path_.empty() || (path_.size() == 1 && path_[0] == "[*]" && by_lines_)) {
      text = document->text;
      return true;
    }
    const auto parsed = Json::parse(document->text);
    if (!parsed)
      raise_sql("22P02", "The JSON record at line " + std::to_string(document->line) +
                             " is malformed: " + parsed.error().message);
    std::vector<const Json*> found = {&*parsed};
    bool top = true;
    for (const std::string& step : path_) {
      std::vector<const Json*> next;
      for (const Json* at : found) {
        if (step == "[*]" && top) {
          next.push_back(at);  // S3Object[*]: each document of the file
        } else if (step == "[*]") {
          for (const Json& item : at->items()) next.push_back(&item);
        } else if (step[0] == '[') {
          const auto index = parse_int(std::string_view(step).substr(1, step.size() - 2)).value_or(-1);
          if (index >= 0 && static_cast<size_t>(index) < at->items().size())
            next.push_back(&at->items()[static_cast<size_t>(index)]);
        } else if (const Json* member = at->find(step)) {
          next.push_back(member);
        }
      }
      top = false;
      found = std::move(next);
    }
    for (auto at = found.rbegin(); at != found.rend(); ++at) elements_.push_back((*at)->text());
  }
  text = std::move(elements_.back());
  elements_.pop_back();
  return true;
}

std::string plain_select(const std::string& sql, std::string& path, size_t& width) {
  std::string plain;
  for (size_t i = 0; i < sql.size();) {
    if (sql[i] == '\'' || sql[i] == '"') {
      size_t end = sql.find(sql[i], i + 1);
      end = end == std::string::npos ? sql.size() : end + 1;
      plain += sql.substr(i, end - i);
      i = end;
      continue;
    }
    if (!word_character(sql[i])) {
      plain += sql[i++];
      continue;
    }
    size_t end = i;
    while (end < sql.size() && word_character(sql[end])) ++end;
    const std::string word = lower(sql.substr(i, end - i));
    i = end;
    if (word == "s3object") {
      while (end < sql.size() && (sql[end] == '[' || sql[end] == '.')) {
        if (sql[end] == '[') {
          end = std::min(sql.find(']', end), sql.size() - 1) + 1;
        } else if (end + 1 < sql.size() && sql[end + 1] == '"') {
          end = std::min(sql.find('"', end + 2), sql.size() - 1) + 1;
        } else {
          ++end;
          while (end < sql.size() && word_character(sql[end])) ++end;
        }
      }
      // Only behind FROM; elsewhere it is the table's name before a column.
      std::string before = lower(trim(plain));
      if (before.ends_with("from")) {
        path = sql.substr(i, end - i);
        i = end;
      }
      plain += "s3object";
    } else if (word == "missing") {
      // What is missing is NULL to the engine; the null of JSON is a value.
      std::string_view before = plain;
      const std::string last = take_last_word(before);
      if (std::string_view more = before; last == "not" && take_last_word(more) == "is") {
        plain.resize(before.size());
        plain += "distinct from null";
      } else {
        plain += last == "is" ? "not distinct from null" : word;
      }
    } else {
      if (word[0] == '_') {
        if (const auto n = parse_int(word.substr(1)); n && *n > 0 && static_cast<size_t>(*n) <= kMostColumns) {
          width = std::max(width, static_cast<size_t>(*n));
        }
      }
      plain += sql.substr(i - word.size(), word.size());
    }
  }
  return plain;
}

}  // namespace tarn::sql::engine
