#include "door/arn.h"

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"

namespace tarn {

std::optional<Arn> Arn::parse(std::string_view text) {
  std::string_view parts[5];
  for (std::string_view& part : parts) {
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    part = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (parts[0] != "arn" || parts[1].empty() || parts[2].empty() || text.empty()) return std::nullopt;
  return Arn{std::string(parts[1]), std::string(parts[2]), std::string(parts[3]), std::string(parts[4]),
             std::string(text)};
}

std::string Arn::text() const {
  return "arn:" + partition + ":" + service + ":" + region + ":" + account + ":" + resource;
}

std::string_view Arn::resource_type() const {
  return std::string_view(resource).substr(0, resource.find_first_of("/:"));
}

std::string_view Arn::resource_id() const {
  const size_t at = resource.find_first_of("/:");
  return at == std::string::npos ? std::string_view() : std::string_view(resource).substr(at + 1);
}

std::string_view Arn::resource_name() const {
  const size_t at = resource.find_last_of("/:");
  return at == std::string::npos ? std::string_view(resource) : std::string_view(resource).substr(at + 1);
}

bool is_account_id(std::string_view text) {
  return text.size() == 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string canonical_user_id(std::string_view account) {
  return hex(sha256("canonical user of account " + std::string(account)));
}

}  // namespace tarn
