#include "tests/e2e/live_call.h"

#include "common/crypto/message_key.h"
#include "common/crypto/sha.h"

namespace trunkline::e2e {

namespace {

LiveCall::Relays RelaysOf(const api::PhoneCall& call) {
  LiveCall::Relays relays;
  for (const api::AnyPhoneConnection& connection : call.connections) {
    if (const auto* reflector = connection.As<api::PhoneConnection>()) {
      relays.reflectors.push_back({reflector->id, std::string(reflector->ip),
                                   static_cast<std::uint16_t>(reflector->port),
                                   Bytes(reflector->peer_tag.begin(), reflector->peer_tag.end())});
    }
    const auto* webrtc = connection.As<api::PhoneConnectionWebrtc>();
    if (webrtc == nullptr || !webrtc->turn()) continue;
    relays.turn_servers.push_back(
        {webrtc->id, std::string(webrtc->username), std::string(webrtc->password)});
  }
  return relays;
}

}  // namespace

api::InputPhoneCall LiveCall::PeerFor(const Device& device) const {
  return {.id = id_, .access_hash = &device == a_ || &device == own_ ? a_hash_ : b_hash_};
}

bool LiveCall::Request() {
  a_pair_ = crypto::MakeDhPair(*entropy_);
  const crypto::Sha256Digest hash = crypto::Sha256(a_pair_.public_value);
  const api::InputUser user = InputOf(b_for_a_);
  const api::PhoneCallProtocol protocol = TestProtocol();
  const load::Reply reply =
      a_->Ask(fn::phone::RequestCall{.user_id = &user,
                                     .random_id = static_cast<std::int32_t>(entropy_->U64()),
                                     .g_a_hash = AsText(hash),
                                     .protocol = &protocol});
  const auto* call = a_->CallOf<api::PhoneCallWaiting>(reply);
  if (call == nullptr) return false;
  id_ = call->id;
  a_hash_ = call->access_hash;
  return true;
}

bool LiveCall::Ring(Device& device) {
  const auto* call = device.AwaitCall<api::PhoneCallRequested>();
  if (call == nullptr || call->id != id_) return false;
  b_hash_ = call->access_hash;
  return true;
}

bool LiveCall::Receive() {
  const load::Reply reply = AskReceived(*b_);
  if (b_->Result<fn::phone::ReceivedCall>(reply) != true) return false;
  const auto* call = a_->AwaitCall<api::PhoneCallWaiting>();
  return call != nullptr && call->id == id_ && call->has_receive_date();
}

bool LiveCall::Accept() {
  const load::Reply reply = AskAccept(*b_);
  if (b_->CallOf<api::PhoneCallWaiting>(reply) == nullptr) return false;
  const auto* call = a_->AwaitCall<api::PhoneCallAccepted>();
  if (call == nullptr || call->id != id_) return false;
  g_b_ = call->g_b;
  return g_b_ == AsText(b_pair_.public_value);
}

bool LiveCall::Confirm() {
  const AuthKey key = crypto::DhShared(AsBytes(g_b_), a_pair_.secret);
  const api::InputPhoneCall peer = PeerFor(*a_);
  const api::PhoneCallProtocol protocol = TestProtocol();
  const load::Reply reply =
      a_->Ask(fn::phone::ConfirmCall{.peer = &peer,
                                     .g_a = AsText(a_pair_.public_value),
                                     .key_fingerprint = crypto::AuthKeyIdOf(key),
                                     .protocol = &protocol});
  const auto* answered = a_->CallOf<api::PhoneCall>(reply);
  if (answered == nullptr) return false;
  a_relays_ = RelaysOf(*answered);
  const auto* call = b_->AwaitCall<api::PhoneCall>();
  if (call != nullptr) b_relays_ = RelaysOf(*call);
  return call != nullptr && call->id == id_ && call->g_a_or_b == AsText(a_pair_.public_value) &&
         call->key_fingerprint == crypto::AuthKeyIdOf(key);
}

load::Reply LiveCall::AskReceived(Device& device) {
  const api::InputPhoneCall peer = PeerFor(device);
  return device.Ask(fn::phone::ReceivedCall{.peer = &peer});
}

load::Reply LiveCall::AskAccept(Device& device) {
  const api::InputPhoneCall peer = PeerFor(device);
  const api::PhoneCallProtocol protocol = TestProtocol();
  b_pair_ = crypto::MakeDhPair(*entropy_);
  return device.Ask(fn::phone::AcceptCall{
      .peer = &peer, .g_b = AsText(b_pair_.public_value), .protocol = &protocol});
}

load::Reply LiveCall::AskDiscard(Device& device, std::int32_t duration) {
  const api::InputPhoneCall peer = PeerFor(device);
  const api::PhoneCallDiscardReasonHangup reason;
  return device.Ask(fn::phone::DiscardCall{.peer = &peer, .duration = duration, .reason = &reason});
}

load::Reply LiveCall::AskSignal(Device& device, std::string_view data) {
  const api::InputPhoneCall peer = PeerFor(device);
  return device.Ask(fn::phone::SendSignalingData{.peer = &peer, .data = data});
}

bool LiveCall::SignalsFlow() {
  const auto flows = [this](Device& from, Device& to, std::string_view data) {
    if (!AskSignal(from, data).ok()) return false;
    const auto* signal = to.Await<api::UpdatePhoneCallSignalingData>();
    return signal != nullptr && signal->phone_call_id == id_ && signal->data == data;
  };
  return flows(*a_, *b_, "from a") && flows(*b_, *a_, "from b");
}

bool LiveCall::TellsEnd(Device& device, const load::Reply& reply) {
  const auto any = device.Result<fn::phone::DiscardCall>(reply);
  const auto* updates = any ? any->As<api::Updates>() : nullptr;
  if (updates == nullptr) return false;
  bool discarded = false, message = false;
  for (const api::AnyUpdate& update : updates->updates) {
    if (const auto* call = update.As<api::UpdatePhoneCall>()) {
      const auto* end = call->phone_call.As<api::PhoneCallDiscarded>();
      discarded |= end != nullptr && end->id == id_;
    }
    message |= update.As<api::UpdateNewMessage>() != nullptr;
  }
  return discarded && message;
}

}  // namespace trunkline::e2e
