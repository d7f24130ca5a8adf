// What calls are given, and what they teach.
#include "server/book/relay_desk.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "server/call/machine.h"
#include "server/picker/turn_credentials.h"

namespace trunkline::book {
namespace {

using picker::Kind;
using relay::Side;

// Tags and credentials outlive the longest call, whose deadline is set a moment later.
constexpr Duration kTagLife = call::kActiveMax + std::chrono::minutes(2);

Connection CommonPart(const picker::EntryConfig& entry) {
  Connection connection;
  const bool webrtc = entry.kind == Kind::kTurn || entry.kind == Kind::kStun;
  connection.kind = webrtc ? Connection::Kind::kWebrtc : Connection::Kind::kReflector;
  connection.id = entry.id.value();
  connection.ip = entry.ip;
  connection.ipv6 = entry.ipv6;
  connection.port = entry.port;
  connection.tcp = entry.kind == Kind::kReflectorTcp;
  connection.turn = entry.kind == Kind::kTurn;
  connection.stun = entry.kind == Kind::kStun;
  return connection;
}

void SetCredentials(const std::string& secret, CallId call, Side side, WallTime now,
                    Connection& connection) {
  const std::string name = absl::StrCat(call.value(), ".", static_cast<int>(side));
  picker::TurnCredentials credentials =
      picker::MintTurnCredentials(secret, name, now + call::kActiveMax);
  connection.username = std::move(credentials.username);
  connection.password = std::move(credentials.password);
}

std::size_t DigestOf(const picker::FlowSummary& flow) {
  const auto leg = [](const picker::LegSummary& of) {
    return std::tuple(of.hello, of.rtt_ms, of.loss, of.rtt_samples);
  };
  return absl::HashOf(flow.packets, flow.bytes, flow.duration.count(), leg(flow.caller),
                      leg(flow.callee));
}

std::size_t DigestOf(const FlowSide& caller, const FlowSide& callee) {
  const auto side = [](const FlowSide& of) {
    return std::tuple(of.packets, of.bytes, of.first_ms, of.last_ms);
  };
  return absl::HashOf(side(caller), side(callee));
}

Bytes ToBytes(const relay::Tag& tag) {
  return {tag.begin(), tag.end()};
}

}  // namespace

RelayDesk::Call* RelayDesk::FindCall(CallId id) {
  const auto it = calls_.find(id);
  return it == calls_.end() ? nullptr : it->second.get();
}

const RelayDesk::Call* RelayDesk::FindCall(CallId id) const {
  const auto it = calls_.find(id);
  return it == calls_.end() ? nullptr : it->second.get();
}

RelayDesk::Call& RelayDesk::CallOf(CallId id) {
  std::unique_ptr<Call>& call = calls_[id];
  if (call == nullptr) {
    call = std::make_unique<Call>();
    call->id = id;
    opened_.push_back(id);
  }
  return *call;
}

void RelayDesk::SetAddress(CallId call, Side side, const Address& address) {
  CallOf(call).addresses[static_cast<std::size_t>(side)] = address;
}

void RelayDesk::Pick(Call& call, const picker::Request& who, WallTime now, Entropy& entropy) {
  picker::Request request = who;
  request.caller.address = call.addresses[0];
  request.callee.address = call.addresses[1];
  call.assignment = picker_.Pick(request, now, entropy.U64());
  call.picked = true;
  call.picked_at = now;
  call.verdicts = picker_.Explain();
  do {
    call.nonce = static_cast<std::uint32_t>(entropy.U64());
  } while (late_.contains(call.nonce) || !nonces_.emplace(call.nonce, call.id).second);
  picked_.push_back(call.id);
}

void RelayDesk::Unpick(Call& call) {
  picker_.OnEnd(call.assignment, {}, call.picked_at);
  nonces_.erase(call.nonce);
  call.assignment = {};
  call.verdicts.clear();
  call.picked = false;
}

Relays RelayDesk::Offer(CallId id, picker::Request who, WallTime now, Entropy& entropy) {
  Call& call = CallOf(id);
  if (!call.picked) Pick(call, who, now, entropy);
  Relays relays;
  relays.caller.reserve(call.assignment.offer.count);
  relays.callee.reserve(call.assignment.offer.count);
  for (std::size_t i = 0; i < call.assignment.offer.count; ++i) {
    AddConnections(call, i, now, entropy, relays);
  }
  return relays;
}

void RelayDesk::AddConnections(const Call& call, std::size_t index, WallTime now, Entropy& entropy,
                               Relays& relays) const {
  const picker::EntryId id = call.assignment.offer.entries[index].id;
  const auto place = picker_.fleet().IndexOf(id);
  const auto source = sources_.find(id);
  if (!place || source == sources_.end()) return;
  const picker::EntryConfig& entry = picker_.fleet().config(*place);
  Connection caller = CommonPart(entry);
  Connection callee = caller;
  if (caller.turn) {
    SetCredentials(source->second.turn_secret, call.id, Side::kCaller, now, caller);
    SetCredentials(source->second.turn_secret, call.id, Side::kCallee, now, callee);
  } else if (caller.kind == Connection::Kind::kReflector && source->second.tag_key) {
    relay::TagFields fields{.key_id = source->second.key_id,
                            .p2p_allowed = call.assignment.who.p2p,
                            .expiry_slot = relay::TagSlotOf(now + kTagLife),
                            .nonce = call.nonce};
    caller.peer_tag = ToBytes(relay::MintTag(*source->second.tag_key, fields));
    fields.side = Side::kCallee;
    callee.peer_tag = ToBytes(relay::MintTag(*source->second.tag_key, fields));
  } else if (caller.kind == Connection::Kind::kReflector) {
    // Relays that take any tag know the sides apart by the lowest bit of the last byte.
    caller.peer_tag.resize(relay::kTagBytes);
    entropy.Fill(caller.peer_tag);
    caller.peer_tag.back() &= 0xfe;
    callee.peer_tag = caller.peer_tag;
    callee.peer_tag.back() |= 1;
  }
  relays.caller.push_back(std::move(caller));
  relays.callee.push_back(std::move(callee));
}

std::span<const picker::Verdict> RelayDesk::VerdictsOf(CallId id) const {
  const Call* const call = FindCall(id);
  if (call == nullptr) return {};
  return call->verdicts;
}

void RelayDesk::Restore(CallId id, std::span<const Connection> connections, WallTime confirmed) {
  Call& call = CallOf(id);
  if (call.picked) return;
  call.picked = call.restored = true;
  call.picked_at = confirmed;
  picker::Offer& offer = call.assignment.offer;
  for (const Connection& connection : connections) {
    if (offer.count == offer.entries.size()) break;
    const Kind kind = connection.turn   ? Kind::kTurn
                      : connection.stun ? Kind::kStun
                      : connection.tcp  ? Kind::kReflectorTcp
                                        : Kind::kReflector;
    offer.entries[offer.count] = {picker::EntryId(connection.id), kind, picker::Why::kBest};
    picker::Verdict& verdict = call.verdicts.emplace_back();
    verdict.id = picker::EntryId(connection.id);
    verdict.why = picker::Why::kBest;
    verdict.slot = ++offer.count;
    if (connection.peer_tag.size() != relay::kTagBytes) continue;
    const auto prefix = std::span(connection.peer_tag).first<relay::kTagPrefixBytes>();
    if (const auto fields = relay::ParseTag(prefix)) {
      call.nonce = fields->nonce;
      nonces_.emplace(call.nonce, id);
    }
  }
  // Relays that register aren't there yet: they tell their load themselves.
  const bool all_known = std::ranges::all_of(offer.list(), [this](const picker::Offered& entry) {
    return picker_.fleet().IndexOf(entry.id).has_value();
  });
  if (all_known) picker_.Adopt(call.assignment);
  opened_.clear();
}

void RelayDesk::End(CallId id, const picker::CallEnd& end) {
  ending_.emplace_back(id, end);
}

void RelayDesk::Commit(WallTime now) {
  for (const auto& [id, end] : ending_) Learn(id, end, now);
  opened_.clear();
  picked_.clear();
  ending_.clear();
  ended_flows_.Commit();
}

void RelayDesk::Rollback() {
  ended_flows_.Rollback();
  for (const CallId id : picked_) Unpick(*FindCall(id));
  for (const CallId id : opened_) calls_.erase(id);
  opened_.clear();
  picked_.clear();
  ending_.clear();
}

void RelayDesk::Learn(CallId id, const picker::CallEnd& end, WallTime now) {
  Call* const call = FindCall(id);
  if (call == nullptr) return;
  if (!call->picked) {
    calls_.erase(id);
    return;
  }
  picker_.OnEnd(call->assignment, end, now);
  if (!call->live) return;
  call->live = false;
  ended_.push_back(id);
  if (ended_.size() <= kExplainedMax) return;
  Forget(ended_.front());
  ended_.pop_front();
}

void RelayDesk::Forget(CallId id) {
  Call* const call = FindCall(id);
  if (call == nullptr) return;
  picker_.OnEnd(call->assignment, {}, call->picked_at);  // if it still counts
  const auto nonce = nonces_.find(call->nonce);
  if (nonce != nonces_.end() && nonce->second == id) {
    nonces_.erase(nonce);
    RememberLate(*call);
  }
  calls_.erase(id);
}

void RelayDesk::RememberLate(const Call& call) {
  late_.insert_or_assign(call.nonce, Late{call.id, call.assignment.offer});
  late_order_.push_back(call.nonce);
  if (late_order_.size() <= kLateMax) return;
  late_.erase(late_order_.front());
  late_order_.pop_front();
}

void RelayDesk::Rate(CallId id, int stars, std::uint32_t tags, WallTime now) {
  Call* const call = FindCall(id);
  if (call == nullptr || !call->picked || call->rated) return;
  picker_.OnRating(call->assignment, stars, tags, now);
  call->rated = true;  // a call speaks for or against its relay once
}

bool RelayDesk::TakeFlow(std::uint32_t relay, relay::CallKey key, picker::FlowSummary flow,
                         WallTime now) {
  const auto nonce = nonces_.find(relay::NonceOf(key));
  Call* const call = nonce == nonces_.end() ? nullptr : FindCall(nonce->second);
  if (call == nullptr) return false;
  flow.relay = picker::EntryId(relay);
  const std::span<const picker::Offered> offered = call->assignment.offer.list();
  const auto entry = std::ranges::find(offered, flow.relay, &picker::Offered::id);
  const std::size_t digest = DigestOf(flow);
  const auto slot = static_cast<std::size_t>(entry - offered.begin());
  if (entry != offered.end() && call->heard[slot].last == digest) return true;
  const std::int8_t carrier = call->assignment.carrier;
  if (!picker_.OnFlow(call->assignment, flow, now)) return false;
  Heard& heard = call->heard[slot];
  Source& source = sources_[flow.relay];
  source.packets += flow.packets - std::min(heard.packets, flow.packets);
  source.bytes += flow.bytes - std::min(heard.bytes, flow.bytes);
  if (carrier < 0 && call->assignment.carrier >= 0) ++source.carried_calls;
  heard.packets = std::max(heard.packets, flow.packets);
  heard.bytes = std::max(heard.bytes, flow.bytes);
  heard.last = digest;
  return true;
}

void RelayDesk::TakeEnded(std::uint32_t relay, relay::CallKey key, const FlowSide& caller,
                          const FlowSide& callee) {
  if (caller.packets == 0 && callee.packets == 0) return;
  const auto late = late_.find(relay::NonceOf(key));
  const auto nonce = nonces_.find(relay::NonceOf(key));
  Call* const call = nonce == nonces_.end() ? nullptr : FindCall(nonce->second);
  if (call == nullptr && late == late_.end()) return;
  const picker::Offer& offer = call != nullptr ? call->assignment.offer : late->second.offer;
  const std::span<const picker::Offered> offered = offer.list();
  const auto entry = std::ranges::find(offered, picker::EntryId(relay), &picker::Offered::id);
  if (entry == offered.end()) return;
  const std::size_t digest = DigestOf(caller, callee);
  const auto slot = static_cast<std::size_t>(entry - offered.begin());
  if (call != nullptr && call->heard[slot].ended == digest) return;
  const CallId id = call != nullptr ? call->id : late->second.call;
  if (ended_flows_.Add({id, relay, caller, callee}) && call != nullptr) {
    call->heard[slot].ended = digest;
  }
}

}  // namespace trunkline::book
