#include "door/event_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"

namespace tarn {
namespace {

// Numbers up to here are compared as such, others as they are written. AWS: "Numeric matching".
constexpr double kLargestNumber = 5e9;

bool same_number(const ValueTest& test, const FlatEvent::Leaf& leaf) {
  if (leaf.kind != Json::Kind::kNumber) return false;
  return test.text == leaf.text || (std::abs(test.low) <= kLargestNumber && test.low == leaf.number);
}

bool in_range(const ValueTest& test, double number) {
  return (test.low_open ? number > test.low : number >= test.low) &&
         (test.high_open ? number < test.high : number <= test.high);
}

bool in_block(const std::optional<AddressBlock>& block, std::string_view text) {
  if (!block || text.find('/') != std::string_view::npos) return false;
  const auto address = AddressBlock::parse(text);
  return address && block->contains(*address);
}

// The small letter of one of two bytes in UTF-8: Latin, Greek, Cyrillic, Armenian. Others are as they are.
unsigned small_letter(unsigned c) {
  const auto in = [&](unsigned first, unsigned last) { return c >= first && c <= last; };
  if ((in(0xc0, 0xde) && c != 0xd7) || (in(0x391, 0x3a9) && c != 0x3a2) || in(0x410, 0x42f)) return c + 32;
  if (in(0x400, 0x40f)) return c + 80;
  if (in(0x388, 0x38a)) return c + 37;
  if (in(0x531, 0x556)) return c + 48;
  if (c == 0x386) return 0x3ac;
  if (c == 0x38c) return 0x3cc;
  if (c == 0x38e || c == 0x38f) return c + 63;
  if (c == 0x178) return 0xff;
  const bool even_is_large = in(0x100, 0x12f) || in(0x132, 0x137) || in(0x14a, 0x177) || in(0x460, 0x481) ||
                             in(0x48a, 0x4bf) || in(0x4d0, 0x52f);
  const bool odd_is_large = in(0x139, 0x148) || in(0x179, 0x17e) || in(0x4c1, 0x4ce);
  return c + ((even_is_large && c % 2 == 0) || (odd_is_large && c % 2 == 1) ? 1 : 0);
}

std::string small_letters(std::string_view text) {
  std::string out = lower(text);
  for (size_t i = 0; i + 1 < out.size(); ++i) {
    const unsigned first = static_cast<unsigned char>(out[i]), second = static_cast<unsigned char>(out[i + 1]);
    if (first < 0xc3 || first > 0xdf) continue;  // not the first of two bytes
    const unsigned c = small_letter((first & 0x1f) << 6 | (second & 0x3f));
    out[i] = static_cast<char>(0xc0 | c >> 6);
    out[++i] = static_cast<char>(0x80 | (c & 0x3f));
  }
  return out;
}

// Each piece as early as it can be: linear in the text for each piece.
bool wildcards_match(const std::vector<std::string>& pieces, std::string_view text) {
  if (pieces.size() == 1) return text == pieces[0];
  const std::string &head = pieces.front(), &tail = pieces.back();
  if (text.size() < head.size() + tail.size() || !text.starts_with(head) || !text.ends_with(tail)) return false;
  std::string_view rest = text.substr(head.size(), text.size() - head.size() - tail.size());
  for (size_t i = 1; i + 1 < pieces.size(); ++i) {
    const size_t at = rest.find(pieces[i]);
    if (at == std::string_view::npos) return false;
    rest.remove_prefix(at + pieces[i].size());
  }
  return true;
}

}  // namespace

// --- events ----------------------------------------------------------------------------------------------------------

FlatEvent::FlatEvent(const Json& object) {
  std::string path;
  Places places;
  add(path, object, places);
  std::stable_sort(leaves_.begin(), leaves_.end(), [](const Leaf& a, const Leaf& b) { return a.path < b.path; });
}

void FlatEvent::add(std::string& path, const Json& value, Places& places) {
  using enum Json::Kind;
  if (value.is_object()) {
    const size_t length = path.size();
    for (const auto& [name, member] : value.members()) {
      if (length > 0) path += '.';
      path += name;
      add(path, member, places);
      path.resize(length);
    }
  } else if (value.is_array()) {
    const uint32_t array = arrays_++;
    for (uint32_t i = 0; i < value.size(); ++i) {
      const Json& item = value.at(i);
      const bool nested = item.is_object() || item.is_array();
      if (nested) places.emplace_back(array, i);
      add(path, item, places);
      if (nested) places.pop_back();
    }
  } else {
    const std::string text = value.is_null()   ? "null"
                             : value.is_bool() ? (value.as_bool() ? "true" : "false")
                                               : value.as_string();
    leaves_.push_back({path, value.kind(), text, value.is_number() ? value.as_double() : 0, places});
  }
}

FlatEvent::Leaves FlatEvent::at(std::string_view path) const {
  const auto first = std::lower_bound(leaves_.begin(), leaves_.end(), path,
                                      [](const Leaf& leaf, std::string_view wanted) { return leaf.path < wanted; });
  auto last = first;
  while (last != leaves_.end() && last->path == path) ++last;
  return {leaves_.data() + (first - leaves_.begin()), leaves_.data() + (last - leaves_.begin())};
}

// --- values ----------------------------------------------------------------------------------------------------------

bool ValueTest::matches(const FlatEvent::Leaf& leaf) const {
  if (kind == Kind::kExists) return true;
  if (kind == Kind::kAnythingBut)
    return std::none_of(none_of.begin(), none_of.end(), [&](const ValueTest& test) { return test.matches(leaf); });
  if (kind == Kind::kRange) return leaf.kind == Json::Kind::kNumber && in_range(*this, leaf.number);
  if (kind == Kind::kLiteral && literal == Json::Kind::kNumber) return same_number(*this, leaf);
  if (kind == Kind::kLiteral && literal != Json::Kind::kString) return leaf.kind == literal;
  if (leaf.kind != Json::Kind::kString) return false;
  switch (kind) {
    case Kind::kLiteral: return leaf.text == text || in_block(block, leaf.text);
    case Kind::kPrefix: return leaf.text.starts_with(text);
    case Kind::kSuffix: return leaf.text.ends_with(text);
    case Kind::kEqualsIgnoreCase: return small_letters(leaf.text) == small_letters(text);
    case Kind::kPrefixIgnoreCase: return small_letters(leaf.text).starts_with(small_letters(text));
    case Kind::kSuffixIgnoreCase: return small_letters(leaf.text).ends_with(small_letters(text));
    case Kind::kWildcard: return wildcards_match(pieces, leaf.text);
    case Kind::kAddress: return in_block(block, leaf.text);
    default: return false;
  }
}

// --- branches --------------------------------------------------------------------------------------------------------

namespace {

// The places of the values that match a field. `absent`: the field matches because it is not in the event.
struct Found {
  bool absent = false;
  std::set<FlatEvent::Places> places;
  bool matched() const { return absent || !places.empty(); }
};

bool any_matches(const std::vector<ValueTest>& tests, const FlatEvent::Leaf& leaf) {
  return std::any_of(tests.begin(), tests.end(), [&](const ValueTest& test) {
    return test.kind != ValueTest::Kind::kAbsent && test.matches(leaf);
  });
}

Found find(const EventPattern::Field& field, FlatEvent::Leaves leaves) {
  Found found;
  if (leaves.first == leaves.second)
    found.absent = std::any_of(field.any_of.begin(), field.any_of.end(),
                               [](const ValueTest& test) { return test.kind == ValueTest::Kind::kAbsent; });
  for (const FlatEvent::Leaf* leaf = leaves.first; leaf != leaves.second; ++leaf)
    if (any_matches(field.any_of, *leaf)) found.places.insert(leaf->places);
  return found;
}

// The array elements of both, nullopt where they are different elements of one array.
std::optional<FlatEvent::Places> together(const FlatEvent::Places& a, const FlatEvent::Places& b) {
  FlatEvent::Places both = a;
  for (const auto& [array, index] : b) {
    const auto same = std::find_if(a.begin(), a.end(), [&](const auto& place) { return place.first == array; });
    if (same == a.end())
      both.emplace_back(array, index);
    else if (same->second != index)
      return std::nullopt;
  }
  std::sort(both.begin(), both.end());
  return both;
}

// Whether values can be chosen, one for each field, so that fields of one array of objects take them from the same
// element. Fields are ordered by path, so an array that no later field is in is forgotten: what is kept stays small.
bool consistent(const std::vector<Found>& fields) {
  std::vector<std::set<uint32_t>> later(fields.size() + 1);  // the arrays of fields from there on
  for (size_t i = fields.size(); i-- > 0;) {
    later[i] = later[i + 1];
    for (const FlatEvent::Places& places : fields[i].places)
      for (const auto& place : places) later[i].insert(place.first);
  }
  std::set<FlatEvent::Places> chosen = {{}};
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].absent) continue;
    std::set<FlatEvent::Places> next;
    for (const FlatEvent::Places& so_far : chosen)
      for (const FlatEvent::Places& places : fields[i].places) {
        auto both = together(so_far, places);
        if (!both) continue;
        std::erase_if(*both, [&](const auto& place) { return !later[i + 1].contains(place.first); });
        next.insert(std::move(*both));
      }
    // What binds nothing allows all that the others do.
    if (next.contains({})) next = {{}};
    chosen = std::move(next);
  }
  return !chosen.empty();
}

std::string values_text(FlatEvent::Leaves leaves) {
  std::string text = "[";
  for (const FlatEvent::Leaf* leaf = leaves.first; leaf != leaves.second; ++leaf) {
    if (text.size() > 1) text += ",";
    if (leaf->kind == Json::Kind::kString)
      append_json_string(text, leaf->text);
    else
      text += leaf->text;
  }
  return text + "]";
}

// How many fields of the branch match until the first that does not, as they are written, and that one.
std::pair<size_t, std::optional<Mismatch>> explain(const EventPattern::Branch& branch, const FlatEvent& event) {
  std::vector<const EventPattern::Field*> written;
  for (const EventPattern::Field& field : branch) written.push_back(&field);
  std::sort(written.begin(), written.end(), [](const auto* a, const auto* b) { return a->position < b->position; });
  for (size_t i = 0; i < written.size(); ++i) {
    const FlatEvent::Leaves leaves = event.at(written[i]->path);
    if (!find(*written[i], leaves).matched())
      return {i,
              Mismatch{written[i]->path, written[i]->source, leaves.first == leaves.second ? "" : values_text(leaves)}};
  }
  std::vector<Found> found;
  for (const EventPattern::Field& field : branch) {
    found.push_back(find(field, event.at(field.path)));
    // AWS: event-ruler, "JSON Array Matching".
    if (!consistent(found))
      return {branch.size(), Mismatch{field.path, field.source, values_text(event.at(field.path)), true}};
  }
  return {branch.size(), std::nullopt};
}

}  // namespace

bool EventPattern::matches(const Branch& branch, const FlatEvent& event) {
  bool arrays = false;
  for (const Field& field : branch) {
    const FlatEvent::Leaves leaves = event.at(field.path);
    if (leaves.first == leaves.second) {
      if (!find(field, leaves).absent) return false;
      continue;
    }
    const auto* leaf = std::find_if(leaves.first, leaves.second,
                                    [&](const FlatEvent::Leaf& value) { return any_matches(field.any_of, value); });
    if (leaf == leaves.second) return false;
    arrays = arrays || !leaf->places.empty();
  }
  if (!arrays) return true;
  std::vector<Found> found;
  for (const Field& field : branch) found.push_back(find(field, event.at(field.path)));
  return consistent(found);
}

bool EventPattern::matches(const FlatEvent& event) const {
  return std::any_of(branches_.begin(), branches_.end(), [&](const Branch& branch) { return matches(branch, event); });
}

std::optional<Mismatch> EventPattern::why_not(const FlatEvent& event) const {
  std::optional<std::pair<size_t, Mismatch>> best;
  for (const Branch& branch : branches_) {
    auto [matched, mismatch] = explain(branch, event);
    if (!mismatch) return std::nullopt;
    if (!best || matched > best->first) best = {matched, std::move(*mismatch)};
  }
  return std::move(best->second);
}

std::string Mismatch::text() const {
  if (scattered)
    return fmt::format("{} is {}, and the pattern wants {} in the same element of an array as the fields before it",
                       path, found, wanted);
  if (found.empty()) return fmt::format("{} is not in the event, and the pattern wants {}", path, wanted);
  return fmt::format("{} is {}, and the pattern wants {}", path, found, wanted);
}

}  // namespace tarn
