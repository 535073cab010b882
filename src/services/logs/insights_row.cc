// Rows: an event's fields, those that are found in its JSON, and those that Lambda's own lines have.
#include "base/text.h"
#include "services/logs/insights.h"

namespace tarn::logs::insights {
namespace {

// "a.b.0": members and places; a member's own name may have periods.
const Json* find_path(const Json& json, std::string_view path) {
  if (json.is_array()) {
    const size_t dot = std::min(path.find('.'), path.size());
    const auto place = parse_int(path.substr(0, dot));
    if (!place || *place < 0 || static_cast<size_t>(*place) >= json.size()) return nullptr;
    const Json& item = json.at(static_cast<size_t>(*place));
    return dot == path.size() ? &item : find_path(item, path.substr(dot + 1));
  }
  if (const Json* member = json.find(path)) return member;
  for (size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', dot + 1))
    if (const Json* member = json.find(path.substr(0, dot)))
      if (const Json* found = find_path(*member, path.substr(dot + 1))) return found;
  return nullptr;
}

void add_names(const Json& json, const std::string& prefix, std::vector<std::string>& names) {
  if (json.is_object() && json.size() > 0)
    for (const auto& [name, member] : json.members())
      add_names(member, prefix.empty() ? name : prefix + "." + name, names);
  else if (!prefix.empty())
    names.push_back(prefix);
}

// "REPORT RequestId: 1\tDuration: 2.5 ms\tMemory Size: 128 MB": the part behind a name.
std::optional<std::string_view> part_of(std::string_view line, std::string_view name) {
  const size_t at = line.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  line.remove_prefix(at + name.size());
  line = line.substr(line.find_first_not_of(' '));
  return line.substr(0, line.find_first_of(" \t\r\n"));
}

}  // namespace

Row::Row(std::string message, std::string stream, std::string log, int64_t timestamp, int64_t ingested,
         std::string pointer)
    : event_(true),
      message_(std::move(message)),
      stream_(std::move(stream)),
      log_(std::move(log)),
      pointer_(std::move(pointer)),
      timestamp_(timestamp),
      ingested_(ingested) {}

void Row::set(std::string_view field, Value value) {
  for (auto& [name, old] : set_)
    if (name == field) {
      old = std::move(value);
      return;
    }
  set_.emplace_back(field, std::move(value));
}

Value Row::get(std::string_view field) const {
  for (const auto& [name, value] : set_)
    if (name == field) return value;
  // A part of what jsonParse() or unnest made.
  for (const auto& [name, value] : set_)
    if (const Json* structure = value.structure(); structure && field.starts_with(name) && field[name.size()] == '.') {
      const Json* found = find_path(*structure, field.substr(name.size() + 1));
      return found == nullptr ? Value() : value_of(*found);
    }
  if (!event_) return {};
  if (const auto value = own(field)) return *value;
  const Json* found = find_path(json(), field);
  return found == nullptr ? Value() : value_of(*found);
}

std::optional<Value> Row::own(std::string_view field) const {
  if (field == "@message") return Value(message_);
  if (field == "@timestamp") return Value(Moment{timestamp_});
  if (field == "@ingestionTime") return Value(Moment{ingested_});
  if (field == "@logStream") return Value(stream_);
  if (field == "@log") return Value(log_);
  if (field == "@ptr") return Value(pointer_);
  if (!field.starts_with('@')) return std::nullopt;
  discover_lambda();
  for (const auto& [name, value] : *lambda_)
    if (name == field) return value;
  return std::nullopt;
}

const Json& Row::json() const {
  if (!json_) {
    json_ = Json();
    if (trim(message_).starts_with('{'))
      if (auto parsed = Json::parse(message_)) json_ = std::move(*parsed);
  }
  return *json_;
}

// AWS: "Supported logs and discovered fields", Lambda. Memory is told in bytes.
void Row::discover_lambda() const {
  if (lambda_) return;
  lambda_.emplace();
  const size_t blank = message_.find(' ');
  const std::string_view type = std::string_view(message_).substr(0, std::min(blank, message_.size()));
  if (type != "START" && type != "END" && type != "REPORT") return;
  lambda_->emplace_back("@type", std::string(type));
  constexpr std::pair<std::string_view, const char*> kTexts[] = {{"RequestId:", "@requestId"}};
  for (const auto& [label, field] : kTexts)
    if (const auto part = part_of(message_, label)) lambda_->emplace_back(field, std::string(*part));
  if (type != "REPORT") return;
  constexpr std::tuple<std::string_view, const char*, double> kNumbers[] = {
      {"\tDuration:", "@duration", 1},
      {"Billed Duration:", "@billedDuration", 1},
      {"Init Duration:", "@initDuration", 1},
      {"Memory Size:", "@memorySize", 1e6},
      {"Max Memory Used:", "@maxMemoryUsed", 1e6}};
  for (const auto& [label, field, unit] : kNumbers)
    if (const auto part = part_of(message_, label))
      if (const auto number = parse_double(*part)) lambda_->emplace_back(field, *number * unit);
}

std::vector<std::string> Row::discovered() const {
  std::vector<std::string> names = {"@timestamp", "@message", "@logStream", "@log", "@ingestionTime"};
  discover_lambda();
  for (const auto& [name, value] : *lambda_) names.push_back(name);
  add_names(json(), "", names);
  return names;
}

}  // namespace tarn::logs::insights
