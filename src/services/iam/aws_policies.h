// AWS managed policies that this server knows: those that the workflows attach, and their near relations.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"

namespace tarn::iam {

struct AwsPolicy {
  std::string_view path;  // "/" or "/service-role/"
  std::string_view name;
  std::string_view version;   // "v3"
  std::string_view updated;   // when that version was made, ISO 8601
  std::string_view document;  // compact JSON

  std::string arn() const;  // arn:aws:iam::aws:policy/...
  std::string id() const;   // ANPA...: the same for every server, not AWS's own
  Time time() const;
};

// By name.
std::span<const AwsPolicy> aws_policies();
// nullptr: not known.
const AwsPolicy* find_aws_policy(std::string_view arn);
bool is_aws_policy_arn(std::string_view arn);
// "AdministratorAccess, AmazonS3FullAccess, ...", for error texts.
std::string aws_policy_names();

}  // namespace tarn::iam
