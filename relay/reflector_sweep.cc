// The end of calls, and what is told of them.
#include <algorithm>

#include "relay/reflector.h"

namespace trunkline::relay {
namespace {

constexpr std::uint32_t kSlices = 50;
constexpr std::uint32_t kSliceMin = 64;
constexpr std::uint32_t kLoadMs = 1'000;
// A session whose first packet gave it no port goes soon.
constexpr std::uint32_t kEmptyMs = 1'000;

}  // namespace

void Reflector::Tick(const Moment& now) {
  const std::uint32_t places = table_.places();
  const std::uint32_t slice = std::min(places, std::max(kSliceMin, places / kSlices + 1));
  for (std::uint32_t i = 0; i < slice; ++i) {
    if (next_place_ >= places) next_place_ = 0;
    Session& session = table_.At(next_place_++);
    if (session.live) Sweep(session, now);
  }
  const std::uint32_t period = now.millis() - load_from_ms_;
  if (period < kLoadMs) return;
  const auto bytes = static_cast<float>(counters_.bytes_in - load_bytes_);
  overloaded_ = limits_.relay_bytes_per_second > 0 &&
                bytes * 1000 / static_cast<float>(period) > limits_.relay_bytes_per_second;
  load_bytes_ = counters_.bytes_in;
  load_from_ms_ = now.millis();
}

void Reflector::Sweep(Session& session, const Moment& now) {
  const std::uint32_t age_ms = now.millis() - session.began_ms;
  if (age_ms >= limits_.session_ms_max) return End(session, EndReason::kTooLong, now);
  // All ports of a side may be silent while the other speaks; the call ends when nobody does.
  bool speaks = age_ms < kEmptyMs;
  for (SideState& side : session.sides) {
    for (Port* port = table_.PortAt(side.first_port); port != nullptr;
         port = table_.PortAt(port->next)) {
      speaks |= now.millis() - port->seen_ms < limits_.idle_ms;
    }
  }
  if (!speaks) return End(session, EndReason::kIdle, now);
  for (SideState& side : session.sides) {
    for (std::uint32_t at = side.first_port; at != kNoIndex;) {
      Port& port = *table_.PortAt(at);
      at = port.next;
      if (now.millis() - port.seen_ms >= limits_.idle_ms) table_.RemovePort(side, port);
    }
  }
}

void Reflector::End(Session& session, EndReason reason, const Moment& now) {
  if (ended_.size() < kSummariesMax) {
    FlowSummary summary = SummaryOf(session, now);
    summary.ended = now.wall;
    summary.reason = reason;
    ended_.push_back(summary);
  } else {
    ++counters_.summaries_lost;
  }
  table_.Remove(session);
}

FlowSummary Reflector::SummaryOf(Session& session, const Moment& now) {
  const auto wall_of = [&now](std::uint32_t at_ms) {
    return now.wall - std::chrono::milliseconds(now.millis() - at_ms);
  };
  FlowSummary summary;
  summary.key = session.key;
  summary.began = wall_of(session.began_ms);
  for (std::size_t i = 0; i < summary.legs.size(); ++i) {
    const SideState& side = session.sides[i];
    FlowSummary::Leg& leg = summary.legs[i];
    leg = {.bytes = side.bytes,
           .packets = side.packets,
           .hellos = side.hellos,
           .first = {},
           .last = {},
           .quality = side.leg,
           .ports = side.ports};
    if (side.packets != 0) {
      leg.first = wall_of(side.first_ms);
      leg.last = wall_of(side.last_ms);
    }
    for (const Port* port = table_.PortAt(side.first_port); port != nullptr;
         port = table_.PortAt(port->next)) {
      leg.tcp |= port->at.transport == Transport::kTcp;
    }
  }
  return summary;
}

void Reflector::TakeSummaries(std::vector<FlowSummary>& out) {
  out.assign(ended_.begin(), ended_.end());
  ended_.clear();
}

std::uint32_t Reflector::LiveSummaries(std::uint32_t from, std::uint32_t count, const Moment& now,
                                       std::vector<FlowSummary>& out) {
  const std::uint32_t until = std::min(table_.places(), from + count);
  for (std::uint32_t place = from; place < until; ++place) {
    if (table_.At(place).live) out.push_back(SummaryOf(table_.At(place), now));
  }
  return until == table_.places() ? 0 : until;
}

}  // namespace trunkline::relay
