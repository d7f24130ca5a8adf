#include "relay/reflector.h"

#include <algorithm>

#include "common/check.h"
#include "common/secret.h"
#include "relay/packet.h"

namespace trunkline::relay {
namespace {

constexpr Rate kNoLimit{1e9f, 1e9f};

std::span<const std::uint8_t, kTagPrefixBytes> PrefixOf(ByteSpan buffer) {
  return buffer.first<kTagPrefixBytes>();
}

}  // namespace

Reflector::Reflector(const Limits& limits, const TagVerifier* verifier, std::uint64_t seed)
    : limits_(limits),
      verifier_(verifier),
      table_(limits.sessions_max),
      bad_tags_(seed, limits.sources, 32, 64),
      new_sessions_(seed, limits.sources, 24, 56),
      stun_(seed, limits.sources, 32, 64) {
  denied_.reserve(kDeniedMax);
}

Verdict Reflector::Receive(ByteSpan buffer, std::size_t size, const Endpoint& from,
                           const Moment& now) {
  CHECK(buffer.size() >= kBufferBytes && size <= buffer.size());
  ++counters_.packets_in;
  counters_.bytes_in += size;
  Arrival arrival{.buffer = buffer, .size = size, .from = from, .now = now};
  if (size > kPacketBytesMax) return Dropped(Drop::kOversized);
  const bool udp = from.transport == Transport::kUdp;
  if (udp && IsStun(arrival.packet())) return AnswerStun(arrival);
  if (size >= kSpecialBytesMin) return Route(arrival);
  if (udp || !IsKeepAlive(arrival.packet())) return Dropped(Drop::kShort);
  return TakeKeepAlive(arrival);
}

Verdict Reflector::Dropped(Drop drop) {
  ++counters_.dropped[static_cast<std::size_t>(drop)];
  return {.drop = drop, .size = 0, .to = {}};
}

Verdict Reflector::Answer(const Arrival& arrival, std::size_t size) {
  ++counters_.answers;
  return {.drop = Drop::kNone, .size = static_cast<std::uint32_t>(size), .to = arrival.from};
}

Verdict Reflector::AnswerStun(Arrival& arrival) {
  if (!limits_.answer_stun || !IsStunBindingRequest(arrival.packet())) {
    return Dropped(Drop::kStunOff);
  }
  if (!stun_.Take(arrival.from.ip, limits_.stun, arrival.now.millis())) {
    return Dropped(Drop::kStunRate);
  }
  return Answer(arrival, WriteStunBinding(arrival.buffer, arrival.from));
}

// A tag of the special class belongs to no call: whoever holds it asks whether the relay is there.
// The answer is that of a ping and leaves nothing behind, so that a relay that is only watched is
// empty. It costs what a new call costs, and has its rate.
Verdict Reflector::AnswerProbe(Arrival& arrival) {
  std::optional<VerifiedTag> verified;
  const Drop drop = Verify(arrival, verified);
  if (drop != Drop::kNone) return Dropped(drop);
  if (TailOf(arrival.packet()) != TailOf(verified->own)) return Dropped(Drop::kMalformed);
  if (!new_sessions_.Take(arrival.from.ip, limits_.new_sessions, arrival.now.millis())) {
    return Dropped(Drop::kNewSessionRate);
  }
  return Answer(arrival, WriteSelfInfo(arrival.buffer, arrival.from, UnixDate(arrival.now.wall)));
}

// A call that is known is recognised by the tags that were computed when it began: no MAC a packet,
// and no packet of it is lost when its key is retired.
Drop Reflector::Identify(Arrival& arrival) {
  const std::uint8_t* const tag = arrival.buffer.data();
  const CallKey key = CallKeyOf(tag);
  arrival.session = table_.Find(key);
  if (arrival.session == nullptr) {
    const Drop drop = Admit(arrival, key);
    if (drop != Drop::kNone) return drop;
  }
  const Side side = static_cast<Side>(tag[0] & 1);
  arrival.own = &arrival.session->side(side);
  arrival.other = &arrival.session->side(OtherSide(side));
  if (!SecretEquals(ByteView(arrival.own->tag).first(kTagPrefixBytes),
                    ByteView(tag, kTagPrefixBytes))) {
    return Drop::kBadTag;
  }
  return Drop::kNone;
}

Drop Reflector::Verify(const Arrival& arrival, std::optional<VerifiedTag>& verified) {
  const std::uint32_t now_ms = arrival.now.millis();
  const Ip& source = arrival.from.ip;
  if (!bad_tags_.Has(source, limits_.bad_tags, now_ms)) return Drop::kBadTagBudget;
  verified = verifier_->Verify(PrefixOf(arrival.buffer));
  if (!verified) {
    bad_tags_.Take(source, limits_.bad_tags, now_ms);
    return Drop::kBadTag;
  }
  const bool expired = TagExpired(verified->fields.expiry_slot, arrival.now.wall);
  return expired ? Drop::kExpired : Drop::kNone;
}

Drop Reflector::Admit(Arrival& arrival, CallKey key) {
  const std::uint32_t now_ms = arrival.now.millis();
  const Ip& source = arrival.from.ip;
  std::optional<VerifiedTag> verified;
  const Drop drop = Verify(arrival, verified);
  if (drop != Drop::kNone) return drop;
  if (verified->fields.special) return Drop::kMalformed;
  if (IsDenied(key)) return Drop::kDenied;
  if (overloaded_) return Drop::kOverloaded;
  if (!new_sessions_.Take(source, limits_.new_sessions, now_ms)) return Drop::kNewSessionRate;
  Session* const session = table_.Add(key);
  if (session == nullptr) return Drop::kSessionsFull;
  session->began_ms = now_ms;
  session->p2p_allowed = verified->fields.p2p_allowed;
  session->side(verified->fields.side).tag = verified->own;
  session->side(OtherSide(verified->fields.side)).tag = verified->other;
  ++counters_.sessions_started;
  arrival.session = session;
  return Drop::kNone;
}

Verdict Reflector::Route(Arrival& arrival) {
  const PacketKind kind = KindOf(arrival.packet());
  if (kind == PacketKind::kUnknownSpecial) return Dropped(Drop::kMalformed);
  if (kind == PacketKind::kPing && IsProbeTag(PrefixOf(arrival.buffer)))
    return AnswerProbe(arrival);
  const Drop drop = Identify(arrival);
  if (drop != Drop::kNone) return Dropped(drop);
  switch (kind) {
    case PacketKind::kPing:
      return TakePing(arrival);
    case PacketKind::kPeerInfo:
      return TakePeerInfo(arrival);
    case PacketKind::kData:
      return TailOf(arrival.packet()) == TailOf(arrival.own->tag) ? TakeData(arrival)
                                                                  : TakePortData(arrival);
    case PacketKind::kUnknownSpecial:
      break;
  }
  return Dropped(Drop::kMalformed);
}

Verdict Reflector::TakePing(Arrival& arrival) {
  arrival.is_ping = true;
  const std::uint32_t tail = TailOf(arrival.packet());
  Port* port = nullptr;
  const Drop drop = Register(arrival, tail, port);
  if (drop != Drop::kNone) return Dropped(drop);
  const std::uint32_t now_ms = arrival.now.millis();
  if (!arrival.own->packet_bucket.Take(1, limits_.packets, now_ms)) {
    return Dropped(Drop::kPacketRate);
  }
  ++arrival.own->hellos;
  if (tail != TailOf(arrival.own->tag)) return Answer(arrival, WriteHelloAck(arrival.buffer));
  return Answer(arrival, WriteSelfInfo(arrival.buffer, arrival.from, UnixDate(arrival.now.wall)));
}

Verdict Reflector::TakePeerInfo(Arrival& arrival) {
  arrival.is_ping = true;
  Port* port = nullptr;
  const Drop drop = Register(arrival, TailOf(arrival.packet()), port);
  if (drop != Drop::kNone) return Dropped(drop);
  const Port* const peer =
      table_.FindPort(*arrival.other, TailOf(arrival.other->tag), Transport::kUdp);
  const bool allowed = arrival.session->p2p_allowed && peer != nullptr && IsIpv4(peer->at.ip) &&
                       arrival.from.transport == Transport::kUdp && IsIpv4(arrival.from.ip);
  if (!allowed) return Dropped(Drop::kPeerInfo);
  if (!arrival.own->packet_bucket.Take(1, limits_.packets, arrival.now.millis())) {
    return Dropped(Drop::kPacketRate);
  }
  return Answer(arrival, WritePeerInfo(arrival.buffer, arrival.from, peer->at));
}

Verdict Reflector::TakeKeepAlive(Arrival& arrival) {
  Drop drop = Identify(arrival);
  Port* port = nullptr;
  arrival.is_ping = true;
  if (drop == Drop::kNone) drop = Register(arrival, TailOf(arrival.packet()), port);
  return Dropped(drop == Drop::kNone ? Drop::kKeepAlive : drop);
}

// libtgvoip: the recipient compares all 16 bytes with its own tag.
Verdict Reflector::TakeData(Arrival& arrival) {
  Port* port = nullptr;
  const Drop drop = Register(arrival, TailOf(arrival.own->tag), port);
  if (drop != Drop::kNone) return Dropped(drop);
  return Forward(arrival, TailOf(arrival.other->tag), kTagBytes);
}

// tgcalls: the recipient compares 12 bytes; the rest says which of its ports is meant.
Verdict Reflector::TakePortData(Arrival& arrival) {
  const auto data = ReadPortData(arrival.packet());
  if (!data) return Dropped(Drop::kMalformed);
  arrival.check = StunCheckOf(data->inner);
  Port* port = nullptr;
  const Drop drop = Register(arrival, data->sender, port);
  if (drop != Drop::kNone) return Dropped(drop);
  return Forward(arrival, data->target, kTagPrefixBytes);
}

Verdict Reflector::Forward(Arrival& arrival, std::uint32_t tail, std::size_t header_bytes) {
  Port* const to = table_.FindTarget(*arrival.other, tail, arrival.now.millis());
  if (to == nullptr) return Dropped(Drop::kNoPeer);
  SideState& own = *arrival.own;
  const std::uint32_t now_ms = arrival.now.millis();
  const auto size = static_cast<std::uint32_t>(arrival.size);
  if (own.bytes + arrival.other->bytes + size > limits_.session_bytes) {
    return Dropped(Drop::kByteCap);
  }
  own.byte_bucket.Refill(limits_.bytes, now_ms);
  if (own.byte_bucket.missing + static_cast<float>(size) > limits_.bytes.burst ||
      !own.packet_bucket.Take(1, limits_.packets, now_ms)) {
    return Dropped(Drop::kPacketRate);
  }
  if (!to->validated) {
    if (to->credit < size) return Dropped(Drop::kUnvalidated);
    to->credit -= size;
  }
  own.byte_bucket.Take(static_cast<float>(size), kNoLimit, now_ms);
  std::copy_n(arrival.other->tag.begin(), header_bytes, arrival.buffer.begin());
  if (own.packets == 0) own.first_ms = now_ms;
  own.last_ms = now_ms;
  ++own.packets;
  own.bytes += size;
  ++counters_.packets_forwarded;
  counters_.bytes_forwarded += size;
  to->reached = true;
  if (arrival.check.kind == StunCheck::Kind::kRequest) NoteRequest(arrival, *to);
  return {.drop = Drop::kNone, .size = size, .to = to->at};
}

bool Reflector::IsDenied(CallKey key) const {
  return std::find(denied_.begin(), denied_.end(), key) != denied_.end();
}

bool Reflector::Deny(CallKey key, const Moment& now) {
  if (Session* const session = table_.Find(key)) End(*session, EndReason::kDenied, now);
  if (IsDenied(key)) return true;
  std::erase_if(denied_, [&now](CallKey old) {
    return TagExpired(static_cast<std::uint16_t>(old >> 8), now.wall);
  });
  if (denied_.size() == kDeniedMax) return false;
  denied_.push_back(key);
  return true;
}

}  // namespace trunkline::relay
