// The message box of one user as its client knows it: every message with its pts, however it was
// told, and whether the server says the same after a crash.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

#include "tests/e2e/crash_totals.h"
#include "tests/e2e/device.h"

namespace trunkline::e2e {

// The message that a call leaves in a box.
struct CallMessage {
  std::int32_t id = 0;
  std::int64_t call = 0;
  std::uint32_t reason = 0;  // constructor
  std::int32_t duration = -1;
  bool operator==(const CallMessage&) const = default;
};
// An id of 0: it is no message of a call.
CallMessage CallMessageOf(const api::AnyMessage& message);

class BoxLedger {
 public:
  // `totals` is borrowed.
  BoxLedger(std::string owner, CrashTotals* totals) : owner_(std::move(owner)), totals_(totals) {}

  // A message with its pts as it came, in the order in which it came.
  void Took(const api::UpdateNewMessage& update);
  // Takes the messages out of what the device has seen.
  void TakeFrom(Device& device);

  // getDifference from where the last check ended, or from the beginning of what the server keeps:
  // every message once, those that were told among them, pts without a gap. False: the connection
  // is lost.
  bool Check(Device& device, bool from_the_beginning = false);
  // getHistory to its end: every message of the box once.
  bool CheckHistory(Device& device, const load::Contact& peer);

  std::int32_t pts() const { return pts_; }
  const CallMessage* At(std::int32_t pts) const;

 private:
  struct Slice {
    bool last = false;
    std::int32_t pts = 0;
  };
  std::string Name(std::int32_t pts) const { return owner_ + " pts " + std::to_string(pts); }
  void Enter(std::int32_t pts, const CallMessage& message);
  bool TakeSlice(Device& device, std::int32_t from, Slice& slice);
  void CheckTop(std::int32_t server_pts);

  std::string owner_;
  CrashTotals* totals_;
  std::map<std::int32_t, CallMessage> messages_;
  std::unordered_map<std::int64_t, std::int32_t> pts_of_call_;
  std::int32_t pts_ = 1;      // the client's own: everything up to here was applied
  std::int32_t checked_ = 1;  // up to here a getDifference has told it
};

}  // namespace trunkline::e2e
