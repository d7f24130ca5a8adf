#include "bench/load/phone.h"

#include <utility>

#include "common/crypto/message_key.h"
#include "common/crypto/sha.h"

namespace trunkline::load {

namespace api = tl::api;
namespace fn = tl::api::fn;

Phone::Phone(Client* client, Entropy* entropy, PhoneScript script)
    : client_(client), entropy_(entropy), script_(script) {
  client_->OnUpdates([this](ByteView body) { OnUpdates(body); });
}

// ---- Sign-in
// --------------------------------------------------------------------------------------

void Phone::SignIn(std::string number, std::string code, Finished finished) {
  number_ = std::move(number);
  finished_ = std::move(finished);
  const api::CodeSettings settings;
  client_->Invoke(fn::auth::SendCode{.phone_number = number_,
                                     .api_id = 1,
                                     .api_hash = "0123456789abcdef0123456789abcdef",
                                     .settings = &settings},
                  [this, code = std::move(code)](const Reply& reply) { OnSentCode(reply, code); });
}

void Phone::OnSentCode(const Reply& reply, const std::string& code) {
  arena_.Reset();
  api::auth::AnySentCode result;
  if (!CheckReply(reply, "auth.sendCode")) return;
  const bool readable = ReadResult<fn::auth::SendCode>(reply, arena_, result);
  const auto* sent = result.As<api::auth::SentCode>();
  if (!Check(readable && sent != nullptr, "auth.sendCode answers auth.sentCode")) return;
  code_hash_ = sent->phone_code_hash;
  client_->Invoke(
      fn::auth::SignIn{.phone_number = number_, .phone_code_hash = code_hash_}.set_phone_code(code),
      [this](const Reply& answer) { OnAuthorization(answer); });
}

void Phone::OnAuthorization(const Reply& reply) {
  arena_.Reset();
  api::auth::AnyAuthorization result;
  if (!CheckReply(reply, "auth.signIn")) return;
  if (!Check(ReadResult<fn::auth::SignIn>(reply, arena_, result), "auth.authorization can be read"))
    return;
  if (result.As<api::auth::AuthorizationSignUpRequired>() != nullptr) return SignUp();
  const auto* authorization = result.As<api::auth::Authorization>();
  const auto* user = authorization == nullptr ? nullptr : authorization->user.As<api::User>();
  if (!Check(user != nullptr && user->self() && user->has_access_hash(),
             "the signed-in user is in full"))
    return;
  self_ = {UserId(user->id), AccessHash(user->access_hash())};
  Finish("");
}

void Phone::SignUp() {
  client_->Invoke(fn::auth::SignUp{.phone_number = number_,
                                   .phone_code_hash = code_hash_,
                                   .first_name = "Bench",
                                   .last_name = "Phone"},
                  [this](const Reply& reply) { OnAuthorization(reply); });
}

void Phone::Find(std::string number, Finished finished) {
  finished_ = std::move(finished);
  const api::InputPhoneContact contact{
      .client_id = 1, .phone = number, .first_name = "Peer", .last_name = ""};
  const api::AnyInputContact contacts[] = {&contact};
  client_->Invoke(fn::contacts::ImportContacts{.contacts = contacts},
                  [this](const Reply& reply) { OnFound(reply); });
}

void Phone::OnFound(const Reply& reply) {
  arena_.Reset();
  api::contacts::AnyImportedContacts result;
  if (!CheckReply(reply, "contacts.importContacts")) return;
  const bool readable = ReadResult<fn::contacts::ImportContacts>(reply, arena_, result);
  const auto* found = result.As<api::contacts::ImportedContacts>();
  if (!Check(readable && found != nullptr && found->users.size() == 1, "one user is found")) return;
  const auto* user = found->users[0].As<api::User>();
  if (!Check(user != nullptr && user->has_access_hash(), "the found user has an access_hash"))
    return;
  found_ = {UserId(user->id), AccessHash(user->access_hash())};
  Finish("");
}

// ---- Updates
// --------------------------------------------------------------------------------------

void Phone::OnUpdates(ByteView body) {
  arena_.Reset();
  tl::Reader reader(body, &arena_);
  const auto any = tl::Read<api::AnyUpdates>(reader);
  if (!Check(reader.ExpectEnd(), "updates can be read")) return;
  if (const auto* one = any.As<api::UpdateShort>()) return OnUpdate(one->update, {});
  const auto* many = any.As<api::Updates>();
  if (many == nullptr) return;
  if (!Check(many->seq == 0, "updates have seq 0")) return;
  for (const api::AnyUpdate& update : many->updates) OnUpdate(update, many->users);
}

void Phone::OnUpdate(const api::AnyUpdate& update, std::span<const api::AnyUser> users) {
  if (stage_ == Stage::kIdle) return;
  switch (update.id()) {
    case api::UpdatePhoneCall::kId:
      return OnCall(update.As<api::UpdatePhoneCall>()->phone_call, users);
    case api::UpdatePhoneCallSignalingData::kId:
      return OnSignal(*update.As<api::UpdatePhoneCallSignalingData>());
    case api::UpdateNewMessage::kId:
      return OnMessage(*update.As<api::UpdateNewMessage>());
    default:
      return;
  }
}

void Phone::OnCall(const api::AnyPhoneCall& call, std::span<const api::AnyUser> users) {
  switch (call.id()) {
    case api::PhoneCallWaiting::kId:
      return OnWaiting(*call.As<api::PhoneCallWaiting>());
    case api::PhoneCallAccepted::kId:
      return OnAccepted(*call.As<api::PhoneCallAccepted>());
    case api::PhoneCallRequested::kId:
      return OnRinging(*call.As<api::PhoneCallRequested>(), users);
    case api::PhoneCall::kId:
      return OnActive(*call.As<api::PhoneCall>());
    case api::PhoneCallDiscarded::kId:
      return OnDiscarded(*call.As<api::PhoneCallDiscarded>());
    default:
      Check(false, "an updatePhoneCall with a call");
  }
}

void Phone::OnSignal(const api::UpdatePhoneCallSignalingData& signal) {
  if (!Check(stage_ == Stage::kTalking || stage_ == Stage::kExchanging,
             "signalling follows phoneCall")) {
    return;
  }
  const std::string expected = "signal " + std::to_string(signals_seen_);
  if (!Check(signal.phone_call_id == call_id_ && signal.data == expected,
             "signalling arrives whole and in order")) {
    return;
  }
  ++signals_seen_;
  // The callee answers when the caller has said everything, the caller hangs up after the answer.
  if (signals_seen_ < script_.signals) return;
  if (caller_) return HangUpWhenDone();
  SendSignals();
}

void Phone::OnMessage(const api::UpdateNewMessage& update) {
  if (caller_ || call_id_ == 0) return;  // the caller's own is in the result of discardCall
  if (!CheckMessage(update, /*out=*/false)) return;
  message_seen_ = true;
  if (stage_ == Stage::kAwaitingEnd) Finish("");
}

// ---- Common to both sides
// ---------------------------------------------------------------------------

void Phone::StartCall(Contact peer, Finished finished) {
  finished_ = std::move(finished);
  peer_ = peer;
  call_id_ = call_hash_ = 0;
  signals_seen_ = 0;
  talked_ = false;
  message_seen_ = false;
  if (!script_.reuse_dh) key_of_.clear();
}

void Phone::Abandon() {
  stage_ = Stage::kIdle;
  finished_ = nullptr;
}

void Phone::MakePair() {
  if (!pair_ || !script_.reuse_dh) pair_ = crypto::MakeDhPair(*entropy_);
}

bool Phone::MakeKey(std::string_view other_public) {
  if (!Check(crypto::DhPublicInRange(AsBytes(other_public)),
             "the other side's number is in range")) {
    return false;
  }
  if (key_of_ == other_public) return true;
  const AuthKey key = crypto::DhShared(AsBytes(other_public), pair_->secret);
  fingerprint_ = crypto::AuthKeyIdOf(key);
  key_of_ = other_public;
  return true;
}

bool Phone::CheckActive(const api::PhoneCall& call, std::string_view expected_other) {
  const auto* protocol = call.protocol.As<api::PhoneCallProtocol>();
  for (const api::AnyPhoneConnection& connection : call.connections) {
    const auto* reflector = connection.As<api::PhoneConnection>();
    if (reflector == nullptr) continue;
    if (!Check(reflector->peer_tag.size() == 16, "a reflector's peer_tag has 16 bytes"))
      return false;
  }
  return Check(call.id == call_id_ && call.access_hash == call_hash_ && call.date == date_,
               "id, access_hash and date stay the same") &&
         Check(expected_other.empty() || call.g_a_or_b == expected_other,
               "phoneCall carries g_b") &&
         Check(call.key_fingerprint == fingerprint_, "both sides have the same key fingerprint") &&
         Check(!call.connections.empty(), "phoneCall names at least one relay") &&
         Check(protocol != nullptr && protocol->library_versions.size() == 1,
               "one library version is chosen") &&
         Check(call.start_date >= call.date, "the call starts after it was requested");
}

bool Phone::CheckMessage(const api::UpdateNewMessage& update, bool out) {
  const auto* message = update.message.As<api::MessageService>();
  const auto* action =
      message == nullptr ? nullptr : message->action.As<api::MessageActionPhoneCall>();
  return Check(action != nullptr && action->call_id == call_id_,
               "the service message is of this call") &&
         Check(message->out() == out, "the caller's copy is the outgoing one") &&
         Check(action->duration() == script_.duration, "the message tells the duration") &&
         Check(update.pts > 0 && update.pts_count == 1, "pts grows by one");
}

void Phone::SendSignals() {
  const api::InputPhoneCall peer = Peer();
  for (int i = 0; i < script_.signals; ++i) {
    const std::string data = "signal " + std::to_string(i);
    client_->Invoke(fn::phone::SendSignalingData{.peer = &peer, .data = data},
                    [this](const Reply& reply) {
                      if (stage_ != Stage::kIdle) CheckReply(reply, "phone.sendSignalingData");
                    });
  }
}

void Phone::Talk(const api::PhoneCall& call) {
  if (!script_.talk) {
    talked_ = true;
    return;
  }
  script_.talk(caller_, call, [this, id = call_id_] {
    if (stage_ != Stage::kTalking || id != call_id_) return;
    talked_ = true;
    if (caller_) HangUpWhenDone();
  });
}

bool Phone::Check(bool held, std::string_view what) {
  ++checks_;
  if (!held) Finish("did not hold: " + std::string(what));
  return held;
}

bool Phone::CheckReply(const Reply& reply, std::string_view method) {
  ++checks_;
  if (!reply.ok()) Finish(std::string(method) + " was refused: " + reply.Text());
  return reply.ok();
}

void Phone::Finish(const std::string& failure) {
  stage_ = Stage::kIdle;
  if (!finished_) return;
  const Finished finished = std::exchange(finished_, nullptr);
  finished(failure);
}

api::PhoneCallProtocol Phone::ProtocolOf(std::span<const std::string_view> versions) {
  return api::PhoneCallProtocol{.min_layer = 65, .max_layer = 92, .library_versions = versions}
      .set_udp_p2p()
      .set_udp_reflector();
}

api::InputPhoneCall Phone::Peer() const {
  return {.id = call_id_, .access_hash = call_hash_};
}

}  // namespace trunkline::load
