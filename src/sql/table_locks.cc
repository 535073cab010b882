#include "sql/table_locks.h"

#include <chrono>

#include "sql/sql_error.h"

namespace tarn::sql {
namespace {

constexpr auto kLook = std::chrono::milliseconds(50);  // how often a waiter sees that it was cancelled

}  // namespace

Status TableLocks::wait_for(std::unique_lock<std::mutex>& lock, const std::string& table, const void* owner,
                            const std::atomic<bool>& cancelled) {
  State& state = *state_;
  const auto free = [&] {
    const auto held = state.holders.find(table);
    return held == state.holders.end() || held->second == owner;
  };
  while (!free()) {
    // Does whoever holds it wait, in the end, for what this one holds?
    const void* holder = state.holders[table];
    for (auto next = state.waiting.find(holder); next != state.waiting.end(); next = state.waiting.find(holder)) {
      const auto held = state.holders.find(next->second);
      if (held == state.holders.end()) break;
      holder = held->second;
      if (holder == owner) return sql_error("40P01", "deadlock detected");
    }
    if (cancelled) return sql_error("57014", "Query cancelled on user's request");
    state.waiting[owner] = table;
    state.changed.wait_for(lock, kLook);
    state.waiting.erase(owner);
  }
  return {};
}

Result<TableLocks::Held> TableLocks::lock(const std::string& table, const void* owner,
                                          const std::atomic<bool>& cancelled) {
  std::unique_lock lock(state_->mutex);
  TRY(wait_for(lock, table, owner, cancelled));
  if (state_->holders.contains(table)) return Held();  // its own
  state_->holders[table] = owner;
  return Held(state_.get(), [state = state_, table](void*) {  // not null: whoever has it sees that it holds
    const std::lock_guard letting_go(state->mutex);
    state->holders.erase(table);
    state->changed.notify_all();
  });
}

Status TableLocks::wait(const std::string& table, const void* owner, const std::atomic<bool>& cancelled) {
  std::unique_lock lock(state_->mutex);
  if (state_->holders.empty()) return {};
  return wait_for(lock, table, owner, cancelled);
}

}  // namespace tarn::sql
