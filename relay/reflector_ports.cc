// Where a side is reached: which address is believed, and how much may be sent there.
#include <algorithm>

#include "relay/packet.h"
#include "relay/reflector.h"

namespace trunkline::relay {
namespace {

constexpr std::uint32_t kCheckLostUs = 2'000'000;
constexpr std::uint32_t kMinuteMs = 60'000;
// libtgvoip sends nothing that proves an address; a flow both ways for this long is taken for it.
constexpr std::uint32_t kFlowMs = 2'000;
constexpr std::uint8_t kFlowPackets = 8;
// RFC 9000, section 8: until an address is validated, three times what came from it.
constexpr std::uint32_t kUnvalidatedFactor = 3;
constexpr std::uint32_t kCreditMax = 1'000'000;
// Two keep-alives of tgcalls missed.
constexpr std::uint32_t kForgottenMs = 25'000;

}  // namespace

Drop Reflector::Register(Arrival& arrival, std::uint32_t tail, Port*& port) {
  port = table_.FindPort(*arrival.own, tail, arrival.from.transport);
  if (port == nullptr) {
    const Drop drop = AddPort(arrival, tail, port);
    if (drop != Drop::kNone) return drop;
  } else if (port->at != arrival.from) {
    // Not believed: the packet is genuine and goes on its way, but nothing is sent to that address.
    if (!MayMove(arrival, *port)) return Drop::kNone;
    Move(arrival, *port);
  }
  Heard(arrival, *port);
  return Drop::kNone;
}

// An expired tag begins nothing: no call (see Admit) and no side. A side that is there may open
// further ports, because a phone that changes networks in a long call does just that.
Drop Reflector::AddPort(Arrival& arrival, std::uint32_t tail, Port*& port) {
  SideState& own = *arrival.own;
  const auto slot = static_cast<std::uint16_t>(arrival.session->key >> 8);
  if (own.ports == 0 && TagExpired(slot, arrival.now.wall)) return Drop::kExpired;
  if (own.ports == kPortsPerSideMax && !ForgetSilentPort(own, arrival.now)) {
    return Drop::kTooManyPorts;
  }
  port = table_.AddPort(own, tail);
  if (port == nullptr) return Drop::kTooManyPorts;
  port->at = arrival.from;
  port->bound_ms = arrival.now.millis();
  port->validated = arrival.from.transport == Transport::kTcp;  // by the handshake
  return Drop::kNone;
}

// Makes room for a client that has gone through its interfaces.
bool Reflector::ForgetSilentPort(SideState& side, const Moment& now) {
  Port* oldest = table_.PortAt(side.first_port);
  for (Port* port = oldest; port != nullptr; port = table_.PortAt(port->next)) {
    if (now.millis() - port->seen_ms > now.millis() - oldest->seen_ms) oldest = port;
  }
  if (now.millis() - oldest->seen_ms < kForgottenMs) return false;
  table_.RemovePort(side, *oldest);
  return true;
}

// RFC 9000 section 9, RFC 8016. Another port of the same address is
// a NAT that forgot. Another address must have spoken for a while, and the old one must be silent,
// so that a captured packet can't take a live port away; or it answers what was sent to the old
// one.
bool Reflector::MayMove(Arrival& arrival, const Port& port) {
  SideState& own = *arrival.own;
  const std::uint32_t now_ms = arrival.now.millis();
  if (now_ms - own.moves_from_ms >= kMinuteMs) {
    own.moves_from_ms = now_ms;
    own.moves = 0;
  }
  if (own.moves >= limits_.moves_per_minute) return false;
  if (own.moved && now_ms - own.moved_ms < limits_.move_pause_ms) return false;

  const std::uint32_t silent_ms = now_ms - port.seen_ms;
  const Endpoint& from = arrival.from;
  if (arrival.check.kind == StunCheck::Kind::kSuccess && port.check_pending &&
      arrival.check.transaction == port.check) {
    return true;
  }
  if (from.ip == port.at.ip) return true;

  const std::uint32_t place = table_.IndexOf(port);
  if (own.candidate_port != place || own.candidate != from) {
    own.candidate_port = place;
    own.candidate = from;
    own.candidate_ms = now_ms;
    return false;
  }
  return now_ms - own.candidate_ms >= limits_.move_seen_ms && silent_ms >= limits_.move_silent_ms;
}

void Reflector::Move(Arrival& arrival, Port& port) {
  const bool same_host = arrival.from.ip == port.at.ip;
  const bool tcp = arrival.from.transport == Transport::kTcp;
  port.validated = tcp || (same_host && port.validated);
  port.at = arrival.from;
  port.bound_ms = arrival.now.millis();
  port.reached = false;
  port.heard = 0;
  port.credit = 0;
  arrival.own->candidate_port = kNoIndex;
  arrival.own->moved = true;
  arrival.own->moved_ms = arrival.now.millis();
  ++arrival.own->moves;
  ++counters_.moves;
}

// A packet from the address that is believed: it lives, and whoever else claims to be it must wait.
void Reflector::Heard(Arrival& arrival, Port& port) {
  const std::uint32_t now_ms = arrival.now.millis();
  port.seen_ms = now_ms;
  if (arrival.own->candidate_port == table_.IndexOf(port)) arrival.own->candidate_port = kNoIndex;
  if (arrival.check.kind == StunCheck::Kind::kSuccess) NoteAnswer(arrival, port);
  if (!arrival.is_ping) {
    port.data_ms = now_ms;
    if (port.heard < kFlowPackets) ++port.heard;
  }
  if (port.validated) return;
  port.credit = std::min<std::uint32_t>(
      kCreditMax, port.credit + kUnvalidatedFactor * static_cast<std::uint32_t>(arrival.size));
  const bool libtgvoip = port.tail == TailOf(arrival.own->tag);
  port.validated =
      libtgvoip && port.reached && port.heard == kFlowPackets && now_ms - port.bound_ms >= kFlowMs;
}

// One check at a time is followed, so that its answer can't be taken for another's.
void Reflector::NoteRequest(Arrival& arrival, Port& to) {
  const auto now_us = static_cast<std::uint32_t>(arrival.now.micros);
  if (to.check_pending) {
    if (now_us - to.check_us < kCheckLostUs) return;
    ++arrival.other->leg.lost;
  }
  to.check = arrival.check.transaction;
  to.check_us = now_us;
  to.check_pending = true;
}

void Reflector::NoteAnswer(Arrival& arrival, Port& port) {
  if (!port.check_pending || port.check != arrival.check.transaction) return;
  port.check_pending = false;
  port.validated = true;
  LegQuality& leg = arrival.own->leg;
  const std::uint32_t rtt = static_cast<std::uint32_t>(arrival.now.micros) - port.check_us;
  leg.rtt_min_us = leg.answered == 0 ? rtt : std::min(leg.rtt_min_us, rtt);
  const auto mean = static_cast<std::int64_t>(leg.rtt_mean_us);
  leg.rtt_mean_us = leg.answered == 0 ? rtt : static_cast<std::uint32_t>(mean + (rtt - mean) / 8);
  ++leg.answered;
}

}  // namespace trunkline::relay
