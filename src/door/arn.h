// ARNs: parsing and making them. (How policies match them is policy_pattern.h.)
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tarn {

// arn:partition:service:region:account:resource. Region and account may be empty; the resource keeps its own colons.
struct Arn {
  std::string partition;
  std::string service;
  std::string region;
  std::string account;
  std::string resource;

  // nullopt: fewer than six parts, another prefix than "arn", or an empty partition, service or resource.
  static std::optional<Arn> parse(std::string_view text);
  std::string text() const;

  // Of a resource such as "role/path/name" or "function:name": what stands before the first '/' or ':' (the whole
  // resource where there is neither), what stands behind it, and what stands behind the last '/' or ':'.
  std::string_view resource_type() const;
  std::string_view resource_id() const;
  std::string_view resource_name() const;

  friend bool operator==(const Arn&, const Arn&) = default;
};

// Twelve digits.
bool is_account_id(std::string_view text);

// S3's canonical user id of an account: 64 hex digits, always the same for the same account.
std::string canonical_user_id(std::string_view account);

}  // namespace tarn
