#include "relay/control/server_end.h"

#include <cmath>
#include <cstdio>
#include <utility>

namespace trunkline::relay::control {
namespace {

bool IsFigure(float value, float max) {
  return std::isfinite(value) && value >= 0 && value <= max;
}

bool IsPossible(const Load& load) {
  return IsFigure(load.packets_per_second, kPacketsPerSecondMax) &&
         IsFigure(load.bits_per_second, kBitsPerSecondMax) && IsFigure(load.cpu, 1) &&
         load.calls <= kCallsMax;
}

}  // namespace

std::string ClockSkew(WallTime relay, WallTime server) {
  const std::int64_t skew_ms = UnixMillis(relay) - UnixMillis(server);
  const std::int64_t size_ms = skew_ms < 0 ? -skew_ms : skew_ms;
  if (size_ms <= kClockSkewMax.count()) return "";
  char text[80];
  std::snprintf(text, sizeof text, "relay's clock is %.1f s %s",
                static_cast<double>(size_ms) / 1000, skew_ms > 0 ? "ahead" : "behind");
  return text;
}

void ServerEnd::Receive(ByteView bytes, const Moment& now) {
  while (state_ != State::kEnded) {
    const std::size_t bytes_max = state_ == State::kAccepted ? kFrameBytesMax : kShortFrameBytesMax;
    const FrameReader::Next next = reader_.Take(bytes, bytes_max);
    if (next == FrameReader::Next::kMore) return;
    if (next == FrameReader::Next::kBad) {
      return Refuse(RefusalReason::kMalformed, "a frame that is empty or too long");
    }
    auto message = DecodeFromRelay(reader_.payload());
    if (!message) return Refuse(RefusalReason::kMalformed, message.error());
    Take(std::move(*message), now);
  }
}

void ServerEnd::Take(FromRelaySide&& message, const Moment& now) {
  if (std::holds_alternative<Unknown>(message)) return;
  if (const auto* const bye = std::get_if<Farewell>(&message)) return End(bye->text, true);
  if (auto* const registration = std::get_if<Registration>(&message)) {
    return TakeRegistration(std::move(*registration), now);
  }
  if (state_ != State::kAccepted) {
    return Refuse(RefusalReason::kMalformed, "a message before the registration was answered");
  }
  if (auto* const beat = std::get_if<Beat>(&message)) return TakeBeat(std::move(*beat), now);
  heard_us_ = now.micros;
  events_.push_back(std::get<FlowReport>(std::move(message)));
}

void ServerEnd::TakeRegistration(Registration&& registration, const Moment& now) {
  if (state_ != State::kNew) {
    return Refuse(RefusalReason::kMalformed, "a second registration");
  }
  if (registration.version != kProtocolVersion) {
    return Refuse(RefusalReason::kVersion, "this server speaks version " +
                                               std::to_string(kProtocolVersion) +
                                               " of the protocol, the relay version " +
                                               std::to_string(registration.version));
  }
  const std::string skew = ClockSkew(registration.clock, now.wall);
  if (!skew.empty()) return Refuse(RefusalReason::kClockSkew, skew);
  state_ = State::kAsked;
  heard_us_ = now.micros;
  events_.push_back(std::move(registration));
}

void ServerEnd::TakeBeat(Beat&& beat, const Moment& now) {
  const std::string skew = ClockSkew(beat.clock, now.wall);
  if (!skew.empty()) return Refuse(RefusalReason::kClockSkew, skew);
  if (!IsPossible(beat.load)) {
    if (++odd_beats_ == kOddBeatsMax) {
      return Refuse(RefusalReason::kMalformed, "heartbeats with impossible figures");
    }
    events_.push_back(OddBeat{"a heartbeat with impossible figures"});
    return;
  }
  odd_beats_ = 0;
  heard_us_ = now.micros;
  Say(BeatSeen{beat.number, now.wall});
  events_.push_back(std::move(beat));
}

void ServerEnd::Tick(const Moment& now) {
  if (state_ == State::kEnded) return;
  const std::uint64_t silent_ms = (now.micros - heard_us_) / 1000;
  if (state_ == State::kNew) {
    if (silent_ms >= static_cast<std::uint64_t>(kRegisterWithin.count())) {
      End("no registration in time");
    }
  } else if (state_ == State::kAsked) {
    // The relay has given up by then, or is about to.
    if (silent_ms >= static_cast<std::uint64_t>(kRegisterWithin.count())) {
      Refuse(RefusalReason::kUnavailable, "the server is busy");
    }
  } else if (silent_ms >= static_cast<std::uint64_t>(kSilenceMax.count())) {
    End("silent for 4 s");
  }
}

void ServerEnd::Accept(Welcome welcome, const Moment& now) {
  if (state_ != State::kAsked) return;
  state_ = State::kAccepted;
  heard_us_ = now.micros;
  welcome.clock = now.wall;
  Say(welcome);
}

void ServerEnd::Refuse(RefusalReason reason, std::string_view text) {
  if (state_ == State::kEnded) return;
  AppendFrame(FromServerSide(Refusal{reason, std::string(text)}), output_);
  End(std::string(text));
}

void ServerEnd::Leave(std::string_view text) {
  Say(Farewell{std::string(text)});
  if (state_ != State::kEnded) End(std::string(text), true);
}

void ServerEnd::Say(const FromServerSide& message) {
  if (state_ == State::kAccepted) AppendFrame(message, output_);
}

void ServerEnd::End(std::string why, bool clean) {
  state_ = State::kEnded;
  events_.push_back(Ended{std::move(why), clean});
}

std::optional<ServerEnd::Event> ServerEnd::Poll() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

Bytes ServerEnd::TakeOutput() {
  return std::exchange(output_, {});
}

Duration ServerEnd::SilentFor(const Moment& now) const {
  return Duration((now.micros - heard_us_) / 1000);
}

}  // namespace trunkline::relay::control
