// The deadlines of one engine: a binary heap that knows where each timer is, so that re-arming
// moves one entry and an idle session costs none. Equal deadlines come out in an order that depends
// only on the inputs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/check.h"
#include "common/time.h"

namespace trunkline::mtproto {

// Base of whatever has a deadline. Disarmed before it is destroyed; not copied while armed.
struct Timer {
  enum class Kind : std::uint8_t { kSession, kLink, kKey };
  explicit Timer(Kind timer_kind) : kind(timer_kind) {}

  static constexpr std::uint32_t kOff = UINT32_MAX;
  WallTime at{};
  std::uint32_t place = kOff;
  Kind kind;
};

class TimerHeap {
 public:
  void Arm(Timer& timer, WallTime at) {
    if (timer.place == Timer::kOff) {
      timer.place = static_cast<std::uint32_t>(heap_.size());
      heap_.push_back(&timer);
    }
    timer.at = at;
    Down(Up(timer.place));
  }
  // Keeps the earlier of the two deadlines.
  void ArmNoLater(Timer& timer, WallTime at) {
    if (timer.place == Timer::kOff || at < timer.at) Arm(timer, at);
  }
  void Disarm(Timer& timer) {
    if (timer.place == Timer::kOff) return;
    const std::uint32_t place = timer.place;
    CHECK(place < heap_.size() && heap_[place] == &timer);
    timer.place = Timer::kOff;
    Timer* const last = heap_.back();
    heap_.pop_back();
    if (last == &timer) return;
    Put(place, last);
    Down(Up(place));
  }
  // The earliest timer that is due, disarmed; nullptr when there is none.
  Timer* TakeDue(WallTime now) {
    if (heap_.empty() || heap_.front()->at > now) return nullptr;
    Timer* const due = heap_.front();
    Disarm(*due);
    return due;
  }
  std::optional<WallTime> Next() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.front()->at;
  }

 private:
  void Put(std::uint32_t place, Timer* timer) {
    heap_[place] = timer;
    timer->place = place;
  }
  std::uint32_t Up(std::uint32_t place) {
    Timer* const timer = heap_[place];
    while (place > 0 && timer->at < heap_[(place - 1) / 2]->at) {
      Put(place, heap_[(place - 1) / 2]);
      place = (place - 1) / 2;
    }
    Put(place, timer);
    return place;
  }
  void Down(std::uint32_t place) {
    Timer* const timer = heap_[place];
    for (;;) {
      std::size_t child = 2 * std::size_t{place} + 1;
      if (child >= heap_.size()) break;
      if (child + 1 < heap_.size() && heap_[child + 1]->at < heap_[child]->at) ++child;
      if (timer->at <= heap_[child]->at) break;
      Put(place, heap_[child]);
      place = static_cast<std::uint32_t>(child);
    }
    Put(place, timer);
  }

  std::vector<Timer*> heap_;
};

}  // namespace trunkline::mtproto
