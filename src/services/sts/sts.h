// STS: who one is, and temporary credentials. It keeps nothing: a session is a sealed token (door/sessions.h).
#pragma once

#include "door/call.h"
#include "door/policy_source.h"
#include "gen/sts/handlers.h"

namespace tarn::sts {

class Sts {
 public:
  // LIFETIME: borrows what knows managed policies (iam).
  explicit Sts(ManagedPolicies& policies) : policies_(policies) {}
  ManagedPolicies& policies() { return policies_; }

 private:
  ManagedPolicies& policies_;
};

}  // namespace tarn::sts
