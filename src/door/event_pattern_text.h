// Where in an event pattern's text something is wrong, as AWS's compiler tells it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tarn {

// The way from the document's root to a part of it: names of members, indices of items.
struct Step {
  std::string name;  // of a member
  size_t index = 0;  // of an item, where there is no name
  bool item = false;
  Step(std::string member) : name(std::move(member)) {}
  Step(size_t at) : index(at), item(true) {}
};
using Way = std::vector<Step>;
enum class Edge : uint8_t { kBegin, kEnd };  // behind its first sign (a scalar that is no text: its last), or its last

// REQUIRES: the text is JSON (else it is some place in the text).
size_t offset_of(std::string_view text, const Way& way, Edge edge);
// The reason, and the place behind it.
std::string placed(std::string_view reason, std::string_view text, size_t offset);
// Why a text is no JSON, where it is one of the usual mistakes: a name without quotes, a word that is no value.
std::optional<std::string> not_json(std::string_view text);

}  // namespace tarn
