#include "door/door.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>

#include "base/text.h"
#include "door/arn.h"
#include "door/parameters.h"
#include "wire/validate.h"

namespace tarn {
namespace {

constexpr int kAttempts = 3;  // of a handler whose transaction met another's

bool writes(wire::Form form) { return form == wire::Form::kWrite || form == wire::Form::kBodyIn; }

// What CloudTrail calls read-only. Of operations in steps, and of calls of functions, their names say it.
bool only_reads(const wire::Operation& operation) {
  const auto begins = [&](std::string_view word) { return operation.name.starts_with(word); };
  if (operation.form == wire::Form::kSteps) return begins("Get") || begins("List") || begins("Describe");
  return !writes(operation.form) && !begins("Invoke");
}

// AWS: each protocol family has its own word for "try again later".
Error throttled(const wire::Service& service) {
  constexpr const char* kText = "Too many requests change the same resource at the same time. Try again.";
  switch (service.protocol) {
    case wire::Protocol::kRestXml: return {503, "SlowDown", "Please reduce your request rate."};
    case wire::Protocol::kQuery: return {400, "Throttling", kText};
    case wire::Protocol::kEc2: return {503, "RequestLimitExceeded", kText};
    default: return {400, "ThrottlingException", kText};
  }
}

}  // namespace

std::string Call::arn(std::string_view service, std::string_view resource, std::string_view account) const {
  return fmt::format("arn:{}:{}:{}:{}:{}", partition(), service, region(), account.empty() ? this->account() : account, resource);
}

Status Call::emit(Event event) {
  if (event.account.empty()) event.account = account();
  if (event.region.empty()) event.region = region();
  return door_.outbox().emit(tx(), std::move(event));
}

// --- wiring -----------------------------------------------------------------------------------------------------------

void Door::add(const ServiceTable& table, void* service) {
  services_.push_back(table.service);
  for (const Handler& handler : table.handlers) entries_[handler.operation] = {&handler, service};
}

std::vector<const wire::Service*> Door::services() const { return services_; }

const Handler* Door::find(const wire::Operation& operation) const {
  const auto found = entries_.find(&operation);
  return found == entries_.end() ? nullptr : found->second.handler;
}

// --- who asks ---------------------------------------------------------------------------------------------------------

Result<AccessKey> Door::find_key(std::string_view access_key, std::string_view session_token) {
  if (!session_token.empty()) {
    Sessions::Opened opened = TRY(parts_.sessions.open(session_token, access_key));
    if (*opened.principal.expires <= system_now())
      return fail(400, "ExpiredToken", "The security token included in the request is expired");
    return AccessKey{std::move(opened.secret), std::move(opened.principal)};
  }
  if (const auto root = parts_.accounts.by_key(access_key)) {
    Principal who{.kind = Principal::Kind::kRoot, .account = root->account,
                  .arn = fmt::format("arn:aws:iam::{}:root", root->account), .user_id = root->account};
    who.access_key = access_key;
    return AccessKey{root->key->secret, std::move(who)};
  }
  const auto tx = parts_.store.read();
  const std::optional<AccessKey> found = TRY(identities_->access_key(*tx, access_key));
  if (!found || !found->active)
    return fail(403, "InvalidClientTokenId", "The security token included in the request is invalid.");
  return *found;
}

Result<Caller> Door::assume_as_service(const Caller& from, std::string_view role_arn, std::string_view service,
                                       std::string_view session_name) {
  const auto tx = parts_.store.read();
  const std::optional<RoleFacts> role = TRY(identities_->role(*tx, role_arn));
  const Principal as_service{.kind = Principal::Kind::kService, .arn = std::string(service)};
  const auto refuse = [&] {
    return fail(403, "AccessDenied",
                fmt::format("User: {} is not authorized to perform: sts:AssumeRole on resource: {}", service, role_arn));
  };
  const auto arn = Arn::parse(role_arn);
  if (!role || !arn) return refuse();
  const auto trust = TRY(policies_.compile(role->trust_policy, PolicyKind::kTrust));
  Caller asking = from;
  asking.principal = as_service;
  const ContextKeys context = caller_context(asking, parts_.clock.now());
  PolicySet set;
  set.resource = NamedPolicy{role_arn, trust.get()};
  set.resource_must_allow = true;
  if (!evaluate({as_service, "sts:AssumeRole", role_arn, arn->account, context}, set).allowed()) return refuse();

  Caller as_role = from;
  as_role.principal = Principal{.kind = Principal::Kind::kAssumedRole, .account = arn->account,
                                .arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", arn->account, role->name, session_name),
                                .user_id = fmt::format("{}:{}", role->id, session_name)};
  as_role.principal.role_arn = role_arn;
  as_role.principal.session_name = session_name;
  as_role.principal.issued = system_now();
  as_role.principal.expires = system_now() + kHour;
  as_role.source_ip.clear();
  as_role.called_via.push_back(std::string(service));
  return as_role;
}

// --- deciding ---------------------------------------------------------------------------------------------------------

namespace {

// AWS: STS API Reference, GetSessionToken: its credentials cannot call IAM unless they were got with MFA.
bool shut_out_of_iam(const Principal& who, const wire::Operation& operation) {
  const bool own = who.kind == Principal::Kind::kUser || who.kind == Principal::Kind::kRoot;
  return own && who.temporary() && !who.mfa.value_or(false) && operation.service->signing_name == "iam";
}

// Whether any policy will be asked, and with it the context: an account's root needs none of its own.
bool asks_policies(const Principal& who, const std::vector<Need>& needs) {
  if (who.kind != Principal::Kind::kRoot || !who.session_policies.empty()) return true;
  return std::ranges::any_of(needs, [](const Need& need) { return need.resource_policy.has_value(); });
}

// What it answers, as the record keeps it: of what changes something, or gives credentials.
template <class T>
void tell_answer(const Audit& audit, AuditRecord& record, const Result<T>& answer) {
  const auto gives = [](const wire::Shape& shape) {
    return std::ranges::find(shape.fields, "Credentials", &wire::Field::name) != shape.fields.end();
  };
  if constexpr (std::is_same_v<T, wire::Any>)
    if (answer && !answer->shape().fields.empty() &&
        (!record.read_only || (record.service == "sts" && gives(answer->shape()))) && audit.keeps_answer(record))
      record.answer = audit_parameters(answer->shape(), answer->get());
}

}  // namespace

Status Door::judge_call(Call& call, const Entry& entry, const void* in, Judgement& judgement) {
  if (shut_out_of_iam(call.principal(), *entry.handler->operation))
    return fail(403, "InvalidClientTokenId", "The security token included in the request is invalid");
  std::vector<Need> needs = static_needs(call, *entry.handler, in);
  if (entry.handler->rights != nullptr)
    for (Need& need : TRY(entry.handler->rights(entry.service, call, in))) needs.push_back(std::move(need));
  if (needs.empty()) return {};
  ContextKeys context;
  if (asks_policies(call.principal(), needs)) {
    context = caller_context(call.caller(), call.now());
    context.merge(tag_context(*entry.handler->operation, in));
  }
  return judge(call.tx(), *identities_, policies_, call.caller(), needs, std::move(context),
               entry.handler->operation->service, judgement);
}

// --- audit ------------------------------------------------------------------------------------------------------------

AuditRecord Door::audit_record(const Caller& caller, const wire::Operation& operation, const void* in, const Call& call,
                               const Judgement& judgement, const Error* error) const {
  const Principal& who = caller.principal;
  AuditRecord record{.time = system_now(),
                     .service = std::string(operation.service->name),
                     .operation = std::string(operation.name),
                     .request_id = caller.request_id,
                     .principal_arn = who.arn,
                     .principal_kind = std::string(audit_kind(who.kind)),
                     .account = who.account,
                     .access_key = who.access_key,
                     .role_arn = who.role_arn,
                     .region = caller.region,
                     .source_ip = caller.source_ip,
                     .user_agent = caller.user_agent,
                     .called_via = caller.called_via,
                     .parameters = audit_parameters(*operation.input, in),
                     .resources = judgement.resources,
                     .actions = judgement.actions,
                     .allowed = judgement.allowed,
                     .decided_by = judgement.decided_by,
                     .read_only = only_reads(operation)};
  for (const std::string& arn : call.touched()) record.resources.push_back(arn);
  if (error != nullptr) {
    record.error_code = error->code;
    record.error_message = error->message;
  }
  return record;
}

// --- executing --------------------------------------------------------------------------------------------------------

// One operation: validated, judged, invoked, audited and committed; run anew when its transaction met another's.
template <class T, class Invoke>
Answered<T> Door::run(const Caller& caller, const wire::Operation& operation, const void* in, Invoke invoke) {
  const auto found = entries_.find(&operation);
  if (found == entries_.end())
    return {fail(400, "UnknownOperationException", fmt::format("{} is not answered by this server.", operation.name))};
  const Entry& entry = found->second;
  if (Status valid = wire::validate(operation, in); !valid) return {Failure(valid.error())};

  const bool writing = writes(operation.form);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::unique_ptr<Transaction> tx = writing ? parts_.store.write() : parts_.store.read();
    Call call(*this, caller, tx.get(), parts_.clock.now());
    Judgement judgement;
    const auto refused = [&](Error error) -> Answered<T> {
      parts_.audit.write_later(audit_record(caller, operation, in, call, judgement, &error));
      return {Failure(std::move(error)), tx ? tx->seen() : 0};
    };
    if (Status allowed = judge_call(call, entry, in, judgement); !allowed) {
      if (is_conflict(allowed.error())) continue;
      return refused(std::move(allowed.error()));
    }
    const Sequence seen = tx->seen();
    if (operation.form == wire::Form::kSteps) {
      tx.reset();
      Call stepping(*this, caller, nullptr, parts_.clock.now());
      Result<T> result = invoke(entry, stepping);
      AuditRecord record = audit_record(caller, operation, in, stepping, judgement, result ? nullptr : &result.error());
      tell_answer(parts_.audit, record, result);
      parts_.audit.write_done(record);
      return {std::move(result), seen};
    }
    Result<T> result = invoke(entry, call);
    if (!result) {
      if (is_conflict(result.error())) continue;
      return refused(std::move(result.error()));
    }
    AuditRecord record = audit_record(caller, operation, in, call, judgement, nullptr);
    tell_answer(parts_.audit, record, result);
    if (!writing) {
      parts_.audit.write_later(record);
      return {std::move(result), tx->seen()};
    }
    if (Status audited = parts_.audit.write(*tx, record); !audited) return refused(std::move(audited.error()));
    Result<Sequence> committed = tx->commit();
    if (committed) return {std::move(result), *committed};
    if (!is_conflict(committed.error())) return {Failure(std::move(committed.error()))};
  }
  return {Failure(throttled(*operation.service))};
}

Answered<wire::Any> Door::execute(const Caller& caller, const wire::Operation& operation, const void* in) {
  if (operation.form == wire::Form::kWait) {
    std::promise<Result<wire::Any>> answer;
    execute_wait(caller, operation, in, {[&](Result<wire::Any> given) { answer.set_value(std::move(given)); }});
    return {answer.get_future().get()};
  }
  return run<wire::Any>(caller, operation, in, [&](const Entry& entry, Call& call) {
    return entry.handler->invoke(entry.service, call, in);
  });
}

Answered<wire::Any> Door::execute(const Caller& caller, const wire::Operation& operation, const void* in,
                                  const StagedBody& body) {
  return run<wire::Any>(caller, operation, in, [&](const Entry& entry, Call& call) {
    return entry.handler->invoke_body_in(entry.service, call, in, body);
  });
}

Answered<WithBody<wire::Any>> Door::execute_body_out(const Caller& caller, const wire::Operation& operation, const void* in) {
  return run<WithBody<wire::Any>>(caller, operation, in, [&](const Entry& entry, Call& call) {
    return entry.handler->invoke_body_out(entry.service, call, in);
  });
}

Answered<WithEvents<wire::Any>> Door::execute_events(const Caller& caller, const wire::Operation& operation, const void* in) {
  return run<WithEvents<wire::Any>>(caller, operation, in, [&](const Entry& entry, Call& call) {
    return entry.handler->invoke_events(entry.service, call, in);
  });
}

void Door::execute_wait(const Caller& caller, const wire::Operation& operation, const void* in, Reply<wire::Any> reply) {
  const auto found = entries_.find(&operation);
  if (found == entries_.end())
    return reply.give(fail(400, "UnknownOperationException", fmt::format("{} is not answered by this server.", operation.name)));
  if (Status valid = wire::validate(operation, in); !valid) return reply.give(Failure(std::move(valid.error())));
  Judgement judgement;
  Sequence seen = 0;
  {
    const auto tx = parts_.store.read();
    Call call(*this, caller, tx.get(), parts_.clock.now());
    if (Status allowed = judge_call(call, found->second, in, judgement); !allowed) {
      parts_.audit.write_later(audit_record(caller, operation, in, call, judgement, &allowed.error()));
      return reply.give(Failure(std::move(allowed.error())));
    }
    seen = tx->seen();
  }
  // It begins at once: no thread waits for the disk. What it comes to is told when what it was judged by is there.
  Call call(*this, caller, nullptr, parts_.clock.now());
  AuditRecord record = audit_record(caller, operation, in, call, judgement, nullptr);
  found->second.handler->invoke_wait(
      found->second.service, call, in,
      {[this, seen, record = std::move(record), give = std::move(reply.give)](Result<wire::Any> answer) mutable {
         if (!answer) {
           record.error_code = answer.error().code;
           record.error_message = answer.error().message;
         }
         parts_.audit.write_later(record);
         if (parts_.store.synced(seen)) return give(std::move(answer));
         parts_.store.when_synced(seen, [give = std::move(give), answer = std::move(answer)](Status synced) mutable {
           if (synced) give(std::move(answer));
           else give(Failure(std::move(synced.error())));
         });
       },
       std::move(reply.when_left)});
}

Status Door::admit(const Caller& caller, const wire::Operation& operation, const void* in) {
  const auto found = entries_.find(&operation);
  if (found == entries_.end())
    return fail(400, "UnknownOperationException", fmt::format("{} is not answered by this server.", operation.name));
  TRY(wire::validate(operation, in));
  const auto tx = parts_.store.read();
  Call call(*this, caller, tx.get(), parts_.clock.now());
  Judgement judgement;
  Status allowed = judge_call(call, found->second, in, judgement);
  if (!allowed) parts_.audit.write_later(audit_record(caller, operation, in, call, judgement, &allowed.error()));
  return allowed;
}

Answered<std::vector<wire::Any>> Door::execute_together(const Caller& caller, const std::vector<Step>& steps,
                                                         const std::function<Status(Transaction&)>& also) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto tx = parts_.store.write();
    std::vector<wire::Any> outputs;
    const auto one = [&](const Step& step) -> Status {
      TRY(wire::validate(*step.operation, step.in));
      const Entry& entry = entries_.at(step.operation);
      Call call(*this, caller, tx.get(), parts_.clock.now());
      Judgement judgement;
      if (Status allowed = judge_call(call, entry, step.in, judgement); !allowed) {
        if (!is_conflict(allowed.error()))
          parts_.audit.write_later(audit_record(caller, *step.operation, step.in, call, judgement, &allowed.error()));
        return allowed;
      }
      outputs.push_back(TRY(step.body != nullptr ? entry.handler->invoke_body_in(entry.service, call, step.in, *step.body)
                                                 : entry.handler->invoke(entry.service, call, step.in)));
      return parts_.audit.write(*tx, audit_record(caller, *step.operation, step.in, call, judgement, nullptr));
    };
    Status done;
    for (const Step& step : steps)
      if (done = one(step); !done) break;
    if (done && also) done = also(*tx);
    if (!done && is_conflict(done.error())) continue;
    if (!done) return {Failure(std::move(done.error())), tx->seen()};
    Result<Sequence> committed = tx->commit();
    if (committed) return {std::move(outputs), *committed};
    if (!is_conflict(committed.error())) return {Failure(std::move(committed.error()))};
  }
  return {fail(503, "SlowDown", "Too many requests change the same resources at the same time. Try again.")};
}

}  // namespace tarn
