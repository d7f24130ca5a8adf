// The caller's half of the scripted phone.
#include "bench/load/phone.h"
#include "common/crypto/sha.h"

namespace trunkline::load {

namespace api = tl::api;
namespace fn = tl::api::fn;

namespace {

constexpr std::int32_t kRandomBytes = 256;
constexpr std::string_view kCallerVersions[] = {"8.0.0", "9.0.0", "11.0.0"};

}  // namespace

void Phone::Dial(Contact peer, Finished finished) {
  StartCall(peer, std::move(finished));
  caller_ = true;
  stage_ = Stage::kRequesting;
  if (!script_.get_dh_config) return RequestCall();
  client_->Invoke(fn::messages::GetDhConfig{.version = 0, .random_length = kRandomBytes},
                  [this](const Reply& reply) { OnDhConfig(reply); });
}

void Phone::OnDhConfig(const Reply& reply) {
  arena_.Reset();
  api::messages::AnyDhConfig result;
  if (!CheckReply(reply, "messages.getDhConfig")) return;
  const bool readable = ReadResult<fn::messages::GetDhConfig>(reply, arena_, result);
  const auto* config = result.As<api::messages::DhConfig>();
  if (!Check(readable && config != nullptr, "getDhConfig answers messages.dhConfig") ||
      !Check(config->g == crypto::kDhG && config->p == AsText(crypto::DhPrime()),
             "g and p are what every client accepts") ||
      !Check(config->random.size() == kRandomBytes, "random has the length asked for")) {
    return;
  }
  RequestCall();
}

void Phone::RequestCall() {
  MakePair();
  const crypto::Sha256Digest hash = crypto::Sha256(pair_->public_value);
  const api::InputUser user{.user_id = peer_.id.value(), .access_hash = peer_.hash.value()};
  const api::PhoneCallProtocol protocol = ProtocolOf(kCallerVersions);
  client_->Invoke(fn::phone::RequestCall{.user_id = &user,
                                         .random_id = static_cast<std::int32_t>(entropy_->U64()),
                                         .g_a_hash = AsText(hash),
                                         .protocol = &protocol},
                  [this](const Reply& reply) { OnRequested(reply); });
}

void Phone::OnRequested(const Reply& reply) {
  if (stage_ == Stage::kIdle) return;
  arena_.Reset();
  api::phone::AnyPhoneCall result;
  if (!CheckReply(reply, "phone.requestCall")) return;
  const bool readable = ReadResult<fn::phone::RequestCall>(reply, arena_, result);
  const auto* boxed = result.As<api::phone::PhoneCall>();
  const auto* call = boxed == nullptr ? nullptr : boxed->phone_call.As<api::PhoneCallWaiting>();
  if (!Check(readable && call != nullptr, "requestCall answers phoneCallWaiting") ||
      !Check(stage_ == Stage::kRequesting, "the result comes before updates of the call") ||
      !Check(!call->has_receive_date(), "nothing rings yet") ||
      !Check(call->participant_id == peer_.id.value(), "the call is to whom was dialled") ||
      !Check(boxed->users.size() == 2, "the result carries both users")) {
    return;
  }
  call_id_ = call->id;
  call_hash_ = call->access_hash;
  date_ = call->date;
  stage_ = Stage::kWaiting;
  Notice(Moment::kRequestAnswered);
}

void Phone::OnWaiting(const api::PhoneCallWaiting& call) {
  if (!Check(caller_ && stage_ == Stage::kWaiting && call.has_receive_date(),
             "phoneCallWaiting with receive_date comes once, to the caller") ||
      !Check(call.id == call_id_ && call.access_hash == call_hash_ && call.date == date_,
             "id, access_hash and date stay the same")) {
    return;
  }
  stage_ = Stage::kRinging;
}

void Phone::OnAccepted(const api::PhoneCallAccepted& call) {
  if (!Check(caller_ && stage_ == Stage::kRinging,
             "phoneCallAccepted comes once, while it rings") ||
      !Check(call.id == call_id_ && call.access_hash == call_hash_ && call.date == date_,
             "id, access_hash and date stay the same") ||
      !MakeKey(call.g_b)) {
    return;
  }
  stage_ = Stage::kExchanging;
  const api::InputPhoneCall peer = Peer();
  client_->Invoke(fn::phone::ConfirmCall{.peer = &peer,
                                         .g_a = AsText(pair_->public_value),
                                         .key_fingerprint = fingerprint_,
                                         .protocol = call.protocol},
                  [this](const Reply& reply) { OnConfirmed(reply); });
}

void Phone::OnConfirmed(const Reply& reply) {
  if (stage_ == Stage::kIdle) return;
  arena_.Reset();
  api::phone::AnyPhoneCall result;
  if (!CheckReply(reply, "phone.confirmCall")) return;
  const bool readable = ReadResult<fn::phone::ConfirmCall>(reply, arena_, result);
  const auto* boxed = result.As<api::phone::PhoneCall>();
  const auto* call = boxed == nullptr ? nullptr : boxed->phone_call.As<api::PhoneCall>();
  if (!Check(readable && call != nullptr, "confirmCall answers phoneCall") ||
      !CheckActive(*call, key_of_)) {
    return;
  }
  stage_ = Stage::kTalking;
  Talk(*call);
  SendSignals();
  HangUpWhenDone();
}

void Phone::HangUpWhenDone() {
  if (signals_seen_ == script_.signals && talked_) HangUp();
}

void Phone::HangUp() {
  stage_ = Stage::kEnding;
  const api::InputPhoneCall peer = Peer();
  const api::PhoneCallDiscardReasonHangup hangup;
  client_->Invoke(
      fn::phone::DiscardCall{.peer = &peer, .duration = script_.duration, .reason = &hangup},
      [this](const Reply& reply) { OnHungUp(reply); });
}

void Phone::OnHungUp(const Reply& reply) {
  if (stage_ == Stage::kIdle) return;
  arena_.Reset();
  api::AnyUpdates result;
  if (!CheckReply(reply, "phone.discardCall")) return;
  const bool readable = ReadResult<fn::phone::DiscardCall>(reply, arena_, result);
  const auto* updates = result.As<api::Updates>();
  if (!Check(readable && updates != nullptr, "discardCall answers updates")) return;
  bool discarded = false;
  for (const api::AnyUpdate& update : updates->updates) {
    if (const auto* message = update.As<api::UpdateNewMessage>()) {
      if (!CheckMessage(*message, /*out=*/true)) return;
      message_seen_ = true;
    } else if (const auto* call = update.As<api::UpdatePhoneCall>()) {
      const auto* end = call->phone_call.As<api::PhoneCallDiscarded>();
      discarded = end != nullptr && end->id == call_id_ && end->duration() == script_.duration &&
                  end->reason().As<api::PhoneCallDiscardReasonHangup>() != nullptr;
    }
  }
  if (!Check(discarded, "discardCall tells phoneCallDiscarded with reason and duration") ||
      !Check(message_seen_, "discardCall tells the caller's own message")) {
    return;
  }
  Finish("");
}

}  // namespace trunkline::load
