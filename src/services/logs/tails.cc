#include "services/logs/tails.h"

#include <algorithm>
#include <chrono>

#include "store/store.h"

namespace tarn::logs {
namespace {

constexpr size_t kMostWaiting = 5'000;  // events of one tail; beyond it they are dropped, and that is said

}  // namespace

bool Tail::wants(std::string_view group_arn, std::string_view stream) const {
  if (std::ranges::find(groups_, group_arn) == groups_.end()) return false;
  if (streams_.empty() && stream_prefixes_.empty()) return true;
  return std::ranges::find(streams_, stream) != streams_.end() ||
         std::ranges::any_of(stream_prefixes_, [&](const std::string& one) { return stream.starts_with(one); });
}

void Tail::add(std::vector<TailedEvent> events) {
  const std::lock_guard lock(mutex_);
  for (TailedEvent& event : events) {
    if (waiting_.size() == kMostWaiting)
      dropped_ = true;
    else
      waiting_.push_back(std::move(event));
  }
  came_.notify_one();
}

std::vector<TailedEvent> Tail::wait(Micros time, size_t most, bool& dropped) {
  std::unique_lock lock(mutex_);
  came_.wait_for(lock, std::chrono::microseconds(time), [&] { return !waiting_.empty(); });
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(most, waiting_.size()));
  std::vector<TailedEvent> out(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  dropped = std::exchange(dropped_, false);
  return out;
}

std::shared_ptr<Tail> Tails::open(size_t most, std::vector<std::string> group_arns, std::vector<std::string> streams,
                                  std::vector<std::string> stream_prefixes, FilterPattern pattern) {
  const std::lock_guard lock(mutex_);
  std::erase_if(tails_, [](const std::weak_ptr<Tail>& one) { return one.expired(); });
  if (tails_.size() >= most) return nullptr;
  auto tail =
      std::make_shared<Tail>(std::move(group_arns), std::move(streams), std::move(stream_prefixes), std::move(pattern));
  tails_.push_back(tail);
  return tail;
}

bool Tails::any() {
  const std::lock_guard lock(mutex_);
  return !tails_.empty();
}

void Tails::tell(Transaction& tx, const std::string& group_arn, const std::string& stream, Time ingested,
                 const std::vector<NewEvent>& events) {
  std::vector<std::shared_ptr<Tail>> wanting;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(tails_, [](const std::weak_ptr<Tail>& one) { return one.expired(); });
    for (const std::weak_ptr<Tail>& one : tails_)
      if (auto tail = one.lock(); tail && tail->wants(group_arn, stream)) wanting.push_back(std::move(tail));
  }
  for (std::shared_ptr<Tail>& tail : wanting) {
    std::vector<TailedEvent> chosen;
    for (const NewEvent& event : events)
      if (tail->wants(event.message))
        chosen.push_back({group_arn, stream, event.message, event.time, ingested.millis()});
    if (chosen.empty()) continue;
    tx.on_synced([tail = std::move(tail), chosen = std::move(chosen)]() mutable { tail->add(std::move(chosen)); });
  }
}

}  // namespace tarn::logs
