// The relay's side of one link to its server, from Register to the end. Pure: bytes and the time
// come in, bytes and events come out. A new link is a new RelayEnd.
//
// One input (Receive, Tick, Report, Leave), then take all events and the output. Times are those
// of relay::Moment: its steady clock for periods, its wall clock for what the server compares.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "common/bytes.h"
#include "relay/control/messages.h"
#include "relay/reflector.h"

namespace trunkline::relay::control {

class RelayEnd {
 public:
  // The last event. After a Refusal too, and after Leave.
  struct Ended {
    std::string why;
  };
  // Welcome comes once, before all orders; no Ended stands before a Refusal.
  using Event = std::variant<Welcome, Refusal, NewKeys, DrainOrder, DenyOrder, Ended>;

  // Says Register. `registration.clock` and `version` are filled in here.
  RelayEnd(Registration registration, const Moment& now);

  void Receive(ByteView bytes, const Moment& now);
  // Whenever NextDeadline has come, and when `draining` changes: then a heartbeat leaves at once.
  // Gives a silent server up.
  void Tick(const Load& load, bool draining, const Moment& now);
  // Only while registered; CHECKed. Takes from the front of `flows` what fits into one frame.
  void Report(std::span<const FlowSummary>& flows);
  // What was reported of ended calls and may be lost: the server answers a heartbeat, and with it
  // whatever came before. When the link has ended, for the next one. (Live calls are told again by
  // themselves.)
  std::vector<FlowSummary> TakeUnheard();
  std::size_t unheard() const { return unheard_.size(); }
  // A clean end.
  void Leave(std::string_view text);

  std::optional<Event> Poll();
  Bytes TakeOutput();
  std::uint64_t NextDeadline() const;  // microseconds of the steady clock

  bool registered() const { return state_ == State::kRegistered; }
  bool ended() const { return state_ == State::kEnded; }
  // Of the newest heartbeat that was answered; 0: none yet.
  std::uint32_t round_trip_us() const { return round_trip_us_; }
  std::size_t buffered() const { return reader_.buffered(); }

 private:
  enum class State : std::uint8_t { kRegistering, kRegistered, kEnded };

  struct Unheard {
    FlowSummary flow;
    std::uint64_t beat;  // whose answer says that the server has it
  };

  void Take(FromServerSide&& message, const Moment& now);
  void TakeBeatSeen(const BeatSeen& seen, const Moment& now);
  void End(std::string why);

  State state_ = State::kRegistering;
  FrameReader reader_;
  std::deque<Event> events_;
  Bytes output_;
  std::uint64_t began_us_, heard_us_, beat_us_ = 0;  // beat_us_: when the last one left
  std::uint64_t beat_every_us_ = 0;
  std::uint64_t beats_ = 0;
  std::deque<Unheard> unheard_;
  bool told_draining_ = false;
  std::uint32_t round_trip_us_ = 0;
};

}  // namespace trunkline::relay::control
