#include "relay/control/relay_end.h"

#include <algorithm>
#include <utility>

#include "common/check.h"
#include "relay/control/limits.h"

namespace trunkline::relay::control {
namespace {

constexpr std::uint64_t Micros(Duration duration) {
  return static_cast<std::uint64_t>(duration.count()) * 1000;
}

}  // namespace

RelayEnd::RelayEnd(Registration registration, const Moment& now)
    : began_us_(now.micros), heard_us_(now.micros) {
  registration.version = kProtocolVersion;
  registration.clock = now.wall;
  AppendFrame(FromRelaySide(std::move(registration)), output_);
}

void RelayEnd::Receive(ByteView bytes, const Moment& now) {
  while (state_ != State::kEnded) {
    const FrameReader::Next next = reader_.Take(bytes, kShortFrameBytesMax);
    if (next == FrameReader::Next::kMore) return;
    if (next == FrameReader::Next::kBad) return End("the server sent a frame of a wrong size");
    auto message = DecodeFromServer(reader_.payload());
    if (!message) return End("the server sent " + std::string(message.error()));
    heard_us_ = now.micros;
    Take(std::move(*message), now);
  }
}

void RelayEnd::Take(FromServerSide&& message, const Moment& now) {
  if (std::holds_alternative<Unknown>(message)) return;
  if (auto* const refusal = std::get_if<Refusal>(&message)) {
    events_.push_back(*refusal);
    return End(std::move(refusal->text));
  }
  if (auto* const bye = std::get_if<Farewell>(&message)) {
    return End("the server left: " + bye->text);
  }
  if (auto* const welcome = std::get_if<Welcome>(&message)) {
    if (state_ == State::kRegistered) return End("the server answered twice");
    state_ = State::kRegistered;
    beat_every_us_ = Micros(welcome->beat_every);
    beat_us_ = now.micros - beat_every_us_;  // the first one is due
    events_.push_back(std::move(*welcome));
    return;
  }
  if (state_ != State::kRegistered) return End("the server spoke before it answered");
  if (const auto* const seen = std::get_if<BeatSeen>(&message)) {
    TakeBeatSeen(*seen, now);
  } else if (auto* const keys = std::get_if<NewKeys>(&message)) {
    events_.push_back(std::move(*keys));
  } else if (const auto* const drain = std::get_if<DrainOrder>(&message)) {
    events_.push_back(*drain);
  } else if (const auto* const deny = std::get_if<DenyOrder>(&message)) {
    events_.push_back(*deny);
  }
}

void RelayEnd::TakeBeatSeen(const BeatSeen& seen, const Moment& now) {
  if (seen.number > beats_) return;  // of none that was sent
  if (seen.number == beats_) {
    round_trip_us_ = static_cast<std::uint32_t>(now.micros - beat_us_);
  }
  while (!unheard_.empty() && unheard_.front().beat <= seen.number) unheard_.pop_front();
}

void RelayEnd::Tick(const Load& load, bool draining, const Moment& now) {
  if (state_ == State::kEnded) return;
  if (state_ == State::kRegistering) {
    if (now.micros - began_us_ >= Micros(kRegisterWithin)) End("no answer from the server");
    return;
  }
  if (now.micros - heard_us_ >= Micros(kSilenceMax)) return End("the server has fallen silent");
  if (now.micros - beat_us_ < beat_every_us_ && draining == told_draining_) return;
  beat_us_ = now.micros;
  told_draining_ = draining;
  AppendFrame(FromRelaySide(Beat{.number = ++beats_,
                                 .clock = now.wall,
                                 .load = load,
                                 .draining = draining,
                                 .round_trip_us = round_trip_us_}),
              output_);
}

void RelayEnd::Report(std::span<const FlowSummary>& flows) {
  CHECK(state_ == State::kRegistered);
  constexpr std::size_t kFit = std::min(kFlowsPerFrameMax, (kFrameBytesMax - 16) / kFlowBytesMax);
  const auto some = flows.first(std::min(flows.size(), kFit));
  flows = flows.subspan(some.size());
  for (const FlowSummary& flow : some) {
    if (flow.ended != WallTime{}) unheard_.push_back({flow, beats_ + 1});
  }
  AppendFrame(FromRelaySide(FlowReport{{some.begin(), some.end()}}), output_);
}

std::vector<FlowSummary> RelayEnd::TakeUnheard() {
  std::vector<FlowSummary> flows;
  flows.reserve(unheard_.size());
  for (const Unheard& one : unheard_) flows.push_back(one.flow);
  unheard_.clear();
  return flows;
}

void RelayEnd::Leave(std::string_view text) {
  if (state_ == State::kEnded) return;
  if (state_ == State::kRegistered) {
    AppendFrame(FromRelaySide(Farewell{std::string(text)}), output_);
  }
  End(std::string(text));
}

void RelayEnd::End(std::string why) {
  state_ = State::kEnded;
  events_.push_back(Ended{std::move(why)});
}

std::optional<RelayEnd::Event> RelayEnd::Poll() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

Bytes RelayEnd::TakeOutput() {
  return std::exchange(output_, {});
}

std::uint64_t RelayEnd::NextDeadline() const {
  if (state_ == State::kRegistering) return began_us_ + Micros(kRegisterWithin);
  return std::min(beat_us_ + beat_every_us_, heard_us_ + Micros(kSilenceMax));
}

}  // namespace trunkline::relay::control
