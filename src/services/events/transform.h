// What a target is told of an event: a part of it by path, or a template with variables. Pure.
// AWS: EventBridge User Guide, "Amazon EventBridge input transformation".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace tarn::events {

// $.detail.key, indices [0], wildcards [*] and .*. A wildcard's answer is an array. nullopt: there is nothing there.
std::optional<Json> at_path(const Json& document, std::string_view path);
// Is that a path at all?
bool is_path(std::string_view path);

// What a template's <variables> stand for. Inside a JSON text a string is its characters, and structures lose their
// quotes; elsewhere it is JSON. A template that is no JSON gets a string's characters. nullopt: the event has no such
// value. What is no variable's name stays as it is.
using Variables = std::map<std::string, std::optional<Json>, std::less<>>;
std::string fill_template(std::string_view text, const Variables& variables);

// The names in <angle brackets>.
std::vector<std::string_view> placeholders_of(std::string_view text);

}  // namespace tarn::events
