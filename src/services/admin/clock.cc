#include "door/door.h"
#include "gen/admin/handlers.h"
#include "services/admin/admin.h"
#include "store/timers.h"

namespace tarn::admin {
namespace {

Result<ClockState> move_to(Administration& admin, Call& call, Time to) {
  if (admin.virtual_clock() == nullptr)
    return fail(400, "ClockNotVirtual",
                "The server's clock is the system's and cannot be moved. Start the server with --clock virtual.");
  const std::lock_guard lock(admin.advancing());
  TRY(advance(call.door().store(), *admin.virtual_clock(), to, admin.due()));
  return ClockState{.time = admin.virtual_clock()->now(), .virtual_ = true};
}

}  // namespace

Result<ClockState> get_clock(Administration& admin, Call& call, const GetClockRequest&) {
  return ClockState{.time = call.now(), .virtual_ = admin.virtual_clock() != nullptr};
}

Result<ClockState> advance_clock(Administration& admin, Call& call, const AdvanceClockRequest& in) {
  return move_to(admin, call, call.now() + *in.seconds * kSecond);
}

Result<ClockState> set_clock(Administration& admin, Call& call, const SetClockRequest& in) {
  return move_to(admin, call, *in.time);
}

}  // namespace tarn::admin
