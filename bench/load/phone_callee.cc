// The callee's half of the scripted phone.
#include "bench/load/phone.h"
#include "common/crypto/sha.h"

namespace trunkline::load {

namespace api = tl::api;
namespace fn = tl::api::fn;

namespace {

constexpr std::string_view kCalleeVersions[] = {"9.0.0", "8.0.0", "7.0.0"};

}  // namespace

void Phone::Expect(Contact peer, Finished finished) {
  StartCall(peer, std::move(finished));
  caller_ = false;
  stage_ = Stage::kWaiting;
}

void Phone::OnRinging(const api::PhoneCallRequested& call, std::span<const api::AnyUser> users) {
  if (!Check(!caller_, "a caller isn't rung by its own call")) return;
  if (stage_ != Stage::kWaiting) return;  // told again: harmless
  bool knows_caller = false;
  for (const api::AnyUser& any : users) {
    const auto* user = any.As<api::User>();
    knows_caller |=
        user != nullptr && user->id == call.admin_id && user->has_access_hash() && !user->min();
  }
  if (!Check(call.admin_id == peer_.id.value(), "the call is from whom it was expected") ||
      !Check(knows_caller, "phoneCallRequested comes with the caller's user in full") ||
      !Check(call.g_a_hash.size() == crypto::Sha256Digest().size(), "g_a_hash has 32 bytes")) {
    return;
  }
  call_id_ = call.id;
  call_hash_ = call.access_hash;
  date_ = call.date;
  g_a_hash_ = call.g_a_hash;
  stage_ = Stage::kRinging;
  Notice(Moment::kRung);
  const api::InputPhoneCall peer = Peer();
  client_->Invoke(fn::phone::ReceivedCall{.peer = &peer}, [this](const Reply& reply) {
    if (stage_ != Stage::kIdle && CheckReply(reply, "phone.receivedCall")) Accept();
  });
}

void Phone::Accept() {
  MakePair();
  stage_ = Stage::kExchanging;
  const api::InputPhoneCall peer = Peer();
  const api::PhoneCallProtocol protocol = ProtocolOf(kCalleeVersions);
  client_->Invoke(
      fn::phone::AcceptCall{
          .peer = &peer, .g_b = AsText(pair_->public_value), .protocol = &protocol},
      [this](const Reply& reply) { OnAccepting(reply); });
}

void Phone::OnAccepting(const Reply& reply) {
  if (stage_ == Stage::kIdle) return;
  arena_.Reset();
  api::phone::AnyPhoneCall result;
  if (!CheckReply(reply, "phone.acceptCall")) return;
  const bool readable = ReadResult<fn::phone::AcceptCall>(reply, arena_, result);
  const auto* boxed = result.As<api::phone::PhoneCall>();
  const auto* call = boxed == nullptr ? nullptr : boxed->phone_call.As<api::PhoneCallWaiting>();
  if (!Check(readable && call != nullptr, "acceptCall answers phoneCallWaiting") ||
      !Check(stage_ == Stage::kExchanging, "the result of acceptCall comes before phoneCall")) {
    return;
  }
  Check(call->id == call_id_ && call->access_hash == call_hash_ && call->date == date_,
        "id, access_hash and date stay the same");
}

void Phone::OnActive(const api::PhoneCall& call) {
  if (!Check(!caller_ && stage_ == Stage::kExchanging, "phoneCall is pushed once, to who accepted"))
    return;
  const crypto::Sha256Digest hash = crypto::Sha256(AsBytes(call.g_a_or_b));
  if (!Check(AsText(hash) == g_a_hash_, "SHA256(g_a) is the g_a_hash that was announced") ||
      !MakeKey(call.g_a_or_b) || !CheckActive(call, {})) {
    return;
  }
  stage_ = Stage::kTalking;
  Talk(call);
}

void Phone::OnDiscarded(const api::PhoneCallDiscarded& call) {
  if (call.id != call_id_) return;
  if (!Check(!caller_ && stage_ == Stage::kTalking, "phoneCallDiscarded ends a call in progress") ||
      !Check(call.reason().As<api::PhoneCallDiscardReasonHangup>() != nullptr,
             "the caller hung up") ||
      !Check(call.duration() == script_.duration, "both sides are told one duration") ||
      !Check(signals_seen_ == script_.signals, "all signalling arrived before the end")) {
    return;
  }
  stage_ = Stage::kAwaitingEnd;
  if (message_seen_) Finish("");
}

}  // namespace trunkline::load
