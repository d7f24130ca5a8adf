#include "tests/e2e/device.h"

#include <memory>

#include "tl/mt_types.h"

namespace trunkline::e2e {

Device::Device(boost::asio::io_context& io, load::ClientOptions options, Entropy* entropy)
    : io_(io), client_(io, std::move(options), entropy) {
  client_.OnUpdates([this](ByteView updates) { Keep(updates); });
  client_.OnClosed([this](absl::Status status) { failure_ = std::string(status.message()); });
}

bool Device::Connect() {
  std::optional<absl::Status> outcome;
  client_.Connect([&outcome](absl::Status status) { outcome = std::move(status); });
  load::RunUntil(
      io_, [&outcome] { return outcome.has_value(); }, kPatience);
  if (outcome && outcome->ok()) return true;
  failure_ = outcome ? std::string(outcome->message()) : "no answer";
  return false;
}

load::Reply Device::Wait(std::function<load::RequestId(load::Client::Done)> send) {
  // Shared: a late answer must not write into a frame that is gone.
  const auto reply = std::make_shared<std::optional<load::Reply>>();
  const load::RequestId request = send([reply](const load::Reply& answer) { *reply = answer; });
  load::RunUntil(
      io_, [&] { return reply->has_value() || !client_.connected(); }, kPatience);
  if (reply->has_value()) return **reply;
  client_.Forget(request);
  return {.body = {}, .code = -1, .error = failure_.empty() ? "no answer" : failure_};
}

load::Reply Device::AskBody(Bytes body, bool bare) {
  return Wait([&](load::Client::Done done) {
    return client_.InvokeBody(std::move(body), std::move(done), bare);
  });
}

load::Reply Device::AskService(Bytes body) {
  return Wait([&](load::Client::Done done) {
    return client_.SendService(std::move(body), std::move(done));
  });
}

bool Device::Ping() {
  Bytes body;
  tl::AppendTo(body, tl::mt::fn::Ping{.ping_id = 0x1234});
  const load::Reply reply = AskService(std::move(body));
  tl::Reader reader(reply.body, &arena_);
  tl::mt::AnyObject object;
  if (!tl::mt::ReadObject(reader, object)) return false;
  const auto* pong = object.As<tl::mt::Pong>();
  return pong != nullptr && pong->ping_id == 0x1234;
}

load::Contact Device::SignIn(const std::string& number, const std::string& code) {
  const api::CodeSettings settings;
  const load::Reply sent_reply = Ask(fn::auth::SendCode{
      .phone_number = number, .api_id = 1, .api_hash = "hash", .settings = &settings});
  const auto sent_any = Result<fn::auth::SendCode>(sent_reply);
  const auto* sent = sent_any ? sent_any->As<api::auth::SentCode>() : nullptr;
  if (sent == nullptr) {
    failure_ = "sendCode: " + sent_reply.Text();
    return {};
  }
  const load::Reply reply =
      Ask(fn::auth::SignIn{.phone_number = number, .phone_code_hash = sent->phone_code_hash}
              .set_phone_code(code));
  const auto any = Result<fn::auth::SignIn>(reply);
  const auto* authorization = any ? any->As<api::auth::Authorization>() : nullptr;
  const auto* user = authorization == nullptr ? nullptr : authorization->user.As<api::User>();
  if (user == nullptr || !user->has_access_hash()) {
    failure_ = "signIn: " + reply.Text();
    return {};
  }
  return {UserId(user->id), AccessHash(user->access_hash())};
}

load::Contact Device::Find(const std::string& number) {
  const api::InputPhoneContact contact{
      .client_id = 7, .phone = number, .first_name = "Peer", .last_name = "One"};
  const api::AnyInputContact contacts[] = {&contact};
  const load::Reply reply = Ask(fn::contacts::ImportContacts{.contacts = contacts});
  const auto any = Result<fn::contacts::ImportContacts>(reply);
  const auto* found = any ? any->As<api::contacts::ImportedContacts>() : nullptr;
  const auto* user =
      found == nullptr || found->users.empty() ? nullptr : found->users[0].As<api::User>();
  if (user == nullptr || !user->has_access_hash()) {
    failure_ = "importContacts: " + reply.Text();
    return {};
  }
  return {UserId(user->id), AccessHash(user->access_hash())};
}

void Device::Keep(ByteView updates) {
  kept_.emplace_back(updates.begin(), updates.end());
  tl::Reader reader(kept_.back(), &arena_);
  const auto any = tl::Read<api::AnyUpdates>(reader);
  if (!reader.ExpectEnd()) {
    failure_ = "updates that can't be read";
    return client_.Disconnect();
  }
  if (const auto* one = any.As<api::UpdateShort>()) updates_.push_back({one->update, {}});
  if (const auto* many = any.As<api::Updates>()) {
    for (const api::AnyUpdate& update : many->updates) updates_.push_back({update, many->users});
  }
}

api::PhoneCallProtocol TestProtocol() {
  static constexpr std::string_view kVersions[] = {"8.0.0", "9.0.0"};
  return api::PhoneCallProtocol{.min_layer = 65, .max_layer = 92, .library_versions = kVersions}
      .set_udp_p2p()
      .set_udp_reflector();
}

api::InputUser InputOf(const load::Contact& contact) {
  return {.user_id = contact.id.value(), .access_hash = contact.hash.value()};
}

}  // namespace trunkline::e2e
