#include "services/redshift_data/activity.h"

#include <algorithm>

#include "base/text.h"

namespace tarn::redshift_data {

namespace {

WireSession without_functions(const WireSession& session) {
  return {session.pid, session.user, session.database, session.application, session.peer, session.started};
}

}  // namespace

void Activity::note(const char* event, const WireSession& session, Time time) {
  connections_.push_back({event, time, without_functions(session), time.micros - session.started.micros});
  if (connections_.size() > kKept) connections_.pop_front();
}

void Activity::connect(WireSession session) {
  const std::lock_guard lock(mutex_);
  note("authenticated", session, session.started);
  note("initiating session", session, session.started);
  sessions_[session.pid] = std::move(session);
}

void Activity::disconnect(int32_t pid, Time now) {
  const std::lock_guard lock(mutex_);
  const auto node = sessions_.extract(pid);
  if (!node.empty()) note("disconnecting session", node.mapped(), now);
}

void Activity::refuse(WireSession session) {
  const std::lock_guard lock(mutex_);
  note("authentication failure", session, session.started);
}

void Activity::begin(WireStatement statement) {
  const std::lock_guard lock(mutex_);
  running_[statement.part.query_id] = std::move(statement);
}

void Activity::end(uint64_t query_id, const PartRecord& outcome) {
  const std::lock_guard lock(mutex_);
  auto node = running_.extract(query_id);
  if (node.empty()) return;
  WireStatement& statement = node.mapped();
  std::string text = std::move(statement.part.sql);
  const Time created = statement.part.created;
  statement.part = outcome;
  statement.part.sql = std::move(text);
  statement.part.created = created;
  statement.part.query_id = query_id;
  over_.push_back(std::move(statement));
  if (over_.size() > kKept) over_.pop_front();
}

std::vector<WireSession> Activity::sessions() const {
  const std::lock_guard lock(mutex_);
  std::vector<WireSession> all;
  for (const auto& [pid, session] : sessions_) all.push_back(without_functions(session));
  return all;
}

std::vector<WireStatement> Activity::statements() const {
  const std::lock_guard lock(mutex_);
  std::vector<WireStatement> all;
  for (auto at = running_.rbegin(); at != running_.rend(); ++at) all.push_back(at->second);
  all.insert(all.end(), over_.rbegin(), over_.rend());
  return all;
}

std::vector<ConnectionEvent> Activity::connections() const {
  const std::lock_guard lock(mutex_);
  return {connections_.begin(), connections_.end()};
}

bool Activity::stop(int32_t pid, bool terminate, const std::string* user) {
  const std::lock_guard lock(mutex_);  // the session stays until it has been told
  const auto found = sessions_.find(pid);
  if (found == sessions_.end() || (user != nullptr && found->second.user != *user)) return false;
  (terminate ? found->second.terminate : found->second.cancel)();
  return true;
}

}  // namespace tarn::redshift_data
