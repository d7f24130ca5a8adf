// The server's side of one link from a relay, from Register to the end. Pure, like RelayEnd.
//
// Nothing that a relay says is taken on trust: its clock and its figures must be possible, and a
// relay that keeps sending impossible ones is cut. What is possible may still be a lie; the picker
// counts a relay's load only upwards.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>

#include "common/bytes.h"
#include "relay/control/limits.h"
#include "relay/control/messages.h"
#include "relay/reflector.h"

namespace trunkline::relay::control {

class ServerEnd {
 public:
  // A heartbeat that doesn't count, for the log.
  struct OddBeat {
    std::string what;
  };
  // The last event; what is in the output then should still be sent.
  struct Ended {
    std::string why;
    bool clean = false;  // the relay said that it goes
  };
  // Registration comes at most once, before all others but Ended; its receiver answers by Accept
  // or Refuse. Beat, FlowReport and OddBeat come only after Accept.
  using Event = std::variant<Registration, Beat, FlowReport, OddBeat, Ended>;

  explicit ServerEnd(const Moment& now) : heard_us_(now.micros) {}

  void Receive(ByteView bytes, const Moment& now);
  // A few times a second: gives a silent relay up.
  void Tick(const Moment& now);

  // Once, after a Registration; without effect when the link has ended meanwhile. At most
  // kTagKeyIds keys. `clock` is filled in here.
  void Accept(Welcome welcome, const Moment& now);
  // A Registration's receiver doesn't want it, or a link is no longer wanted.
  void Refuse(RefusalReason reason, std::string_view text);
  // Ignored unless the relay is accepted.
  void SetKeys(const KeySet& keys) { Say(NewKeys{keys}); }
  void SetDraining(bool draining) { Say(DrainOrder{draining}); }
  void Deny(CallKey call) { Say(DenyOrder{call}); }
  void Leave(std::string_view text);

  std::optional<Event> Poll();
  Bytes TakeOutput();

  bool accepted() const { return state_ == State::kAccepted; }
  bool ended() const { return state_ == State::kEnded; }
  // Since the last message that counted.
  Duration SilentFor(const Moment& now) const;
  std::size_t buffered() const { return reader_.buffered(); }

 private:
  enum class State : std::uint8_t { kNew, kAsked, kAccepted, kEnded };

  void Take(FromRelaySide&& message, const Moment& now);
  void TakeRegistration(Registration&& registration, const Moment& now);
  void TakeBeat(Beat&& beat, const Moment& now);
  void Say(const FromServerSide& message);
  void End(std::string why, bool clean = false);

  State state_ = State::kNew;
  FrameReader reader_;
  std::deque<Event> events_;
  Bytes output_;
  std::uint64_t heard_us_;       // the last message that counted
  std::uint32_t odd_beats_ = 0;  // in a row
};

// "relay's clock is 73.2 s ahead", or nothing when it is within kClockSkewMax.
std::string ClockSkew(WallTime relay, WallTime server);

}  // namespace trunkline::relay::control
