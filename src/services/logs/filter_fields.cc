// Patterns of fields between blanks: [ip, user, ..., status = 4* && status != 404].
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "services/logs/filter_forms.h"

namespace tarn::logs {
namespace {

// A field's conditions: any of these, each of which is all of its comparisons.
struct Clause {
  Comparison comparison;
  Operand operand;
};
struct FieldPattern {
  std::string name;
  bool rest = false;  // "...": any number of fields
  std::vector<std::vector<Clause>> any;

  bool holds_for(std::string_view value) const {
    if (any.empty()) return true;
    return std::ranges::any_of(any, [&](const std::vector<Clause>& all) {
      return std::ranges::all_of(all,
                                 [&](const Clause& one) { return holds(one.comparison, one.operand, value, false); });
    });
  }
};

// A message's fields: what stands between blanks, in quotes, or in brackets.
std::vector<std::string_view> fields_of(std::string_view message) {
  std::vector<std::string_view> out;
  for (size_t i = 0; i < message.size();) {
    if (std::isspace(static_cast<unsigned char>(message[i]))) {
      ++i;
      continue;
    }
    const char close = message[i] == '"' ? '"' : message[i] == '[' ? ']' : '\0';
    const size_t end = close ? message.find(close, i + 1) : std::string_view::npos;
    if (end != std::string_view::npos) {
      out.push_back(message.substr(i + 1, end - i - 1));
      i = end + 1;
      continue;
    }
    const size_t blank = std::min(message.find_first_of(" \t\r\n", i), message.size());
    out.push_back(message.substr(i, blank - i));
    i = blank;
  }
  return out;
}

class BlankFields final : public PatternForm {
 public:
  explicit BlankFields(std::vector<FieldPattern> fields) : fields_(std::move(fields)) {}

  bool matches(std::string_view message) const override {
    const auto values = fields_of(message);
    const auto places = placed(values);
    if (places.empty() && !fields_.empty()) return false;
    for (size_t i = 0; i < fields_.size(); ++i)
      if (places[i] && !fields_[i].holds_for(values[*places[i]])) return false;
    return true;
  }

  std::map<std::string, std::string> extract(std::string_view message) const override {
    const auto values = fields_of(message);
    const auto places = placed(values);
    std::map<std::string, std::string> out;
    for (size_t i = 0; i < places.size(); ++i)
      if (places[i])
        out["$" + (fields_[i].name.empty() ? std::to_string(i + 1) : fields_[i].name)] = values[*places[i]];
    return out;
  }

 private:
  // Which value each field of the pattern has ("..." has none); empty: the numbers do not fit.
  std::vector<std::optional<size_t>> placed(const std::vector<std::string_view>& values) const {
    const auto rest = std::ranges::find_if(fields_, &FieldPattern::rest);
    const bool open = rest != fields_.end();
    const size_t named = fields_.size() - (open ? 1 : 0);
    if (open ? values.size() < named : values.size() != named) return {};
    std::vector<std::optional<size_t>> out;
    size_t next = 0;
    for (const FieldPattern& field : fields_) {
      if (field.rest) {
        out.emplace_back();
        next += values.size() - named;
      } else {
        out.emplace_back(next++);
      }
    }
    return out;
  }

  std::vector<FieldPattern> fields_;
};

Result<FieldPattern> read_field(PatternReader& in) {
  FieldPattern out;
  if (in.take("...")) {
    out.rest = true;
    return out;
  }
  in.skip_blanks();
  out.name = in.take_until(" \t\r\n,]=!<>");
  if (out.name == "*") out.name.clear();
  auto comparison = in.take_comparison();
  if (!comparison) return out;
  out.any.emplace_back();
  while (comparison) {
    out.any.back().push_back({*comparison, TRY(in.take_operand(",]&|"))});
    const bool and_more = in.take("&&");
    if (!and_more && !in.take("||")) break;
    if (!and_more) out.any.emplace_back();
    in.skip_blanks();
    const std::string name = in.take_until(" \t\r\n,]=!<>");
    if (name != out.name) return invalid_pattern(fmt::format("the field {} has a condition on {}.", out.name, name));
    comparison = in.take_comparison();
    if (!comparison) return invalid_pattern(fmt::format("the field {} has a name without a comparison.", out.name));
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<const PatternForm>> parse_blank_fields(std::string_view text) {
  PatternReader in(text);
  in.take("[");
  std::vector<FieldPattern> fields;
  while (!in.take("]")) {
    if (in.at_end()) return invalid_pattern("a pattern of blank-separated fields has no closing ].");
    fields.push_back(TRY(read_field(in)));
    if (in.peek() != ']' && !in.take(","))
      return invalid_pattern("fields are separated by commas: something else stands before '" + std::string(in.rest()) +
                             "'.");
  }
  if (!in.at_end()) return invalid_pattern("something stands behind the closing ].");
  if (std::ranges::count_if(fields, &FieldPattern::rest) > 1) return invalid_pattern("... stands once at most.");
  return std::make_unique<BlankFields>(std::move(fields));
}

}  // namespace tarn::logs
