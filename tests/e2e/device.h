// One signed-in (or not) device in a test: asks and waits, and keeps the updates that came.
// Straight-line over load::Client: every wait turns the loop and has a deadline.
#pragma once

#include <deque>
#include <string>

#include "bench/load/client.h"
#include "bench/load/phone.h"
#include "bench/load/run.h"

namespace trunkline::e2e {

namespace api = tl::api;
namespace fn = tl::api::fn;

inline constexpr std::chrono::milliseconds kPatience{20'000};

// One update with what came around it; views into memory that its device keeps.
struct SeenUpdate {
  api::AnyUpdate update;
  std::span<const api::AnyUser> users;
};

class Device {
 public:
  Device(boost::asio::io_context& io, load::ClientOptions options, Entropy* entropy);

  // False: it didn't work; the reason is in failure().
  bool Connect();
  // sendCode and signIn. The user, or an id of 0.
  load::Contact SignIn(const std::string& number, const std::string& code);
  // contacts.importContacts of one number.
  load::Contact Find(const std::string& number);
  const std::string& failure() const { return failure_; }

  template <class Method>
  load::Reply Ask(const Method& method) {
    Bytes body;
    tl::AppendTo(body, method, client_.options().layer);
    return AskBody(std::move(body));
  }
  // A reply with code -1 when none came in time or the connection ended.
  load::Reply AskBody(Bytes body, bool bare = false);
  load::Reply AskService(Bytes body);
  bool Ping();

  // The result of a reply; absent when it is an error or not of this method.
  template <class Method>
  std::optional<typename Method::Result> Result(const load::Reply& reply) {
    if (!reply.ok()) return std::nullopt;
    kept_.push_back(reply.body);  // the result's views outlive the reply
    tl::Reader reader(kept_.back(), &arena_);
    auto result = load::internal::ResultOf<typename Method::Result>::Read(reader);
    if (!reader.ExpectEnd()) return std::nullopt;
    return result;
  }
  // The call inside the answer of requestCall, acceptCall or confirmCall; null when it is another.
  template <class Call>
  const Call* CallOf(const load::Reply& reply) {
    const auto result = Result<fn::phone::RequestCall>(reply);
    const auto* boxed = result ? result->As<api::phone::PhoneCall>() : nullptr;
    return boxed == nullptr ? nullptr : boxed->phone_call.template As<Call>();
  }

  // Waits for an update of this constructor that nobody took yet, and takes it; null after the
  // deadline.
  template <class Update>
  const Update* Await() {
    return AwaitThat<Update>([](const Update&) { return true; });
  }
  template <class Update, class Holds>
  const Update* AwaitThat(Holds holds, std::chrono::milliseconds patience = kPatience) {
    const Update* found = nullptr;
    load::RunUntil(
        io_, [&] { return (found = Take<Update>(holds)) != nullptr || !client_.connected(); },
        patience);
    return found;
  }
  // The same for the call inside updatePhoneCall.
  template <class Call>
  const Call* AwaitCall(std::chrono::milliseconds patience = kPatience) {
    const auto* update = AwaitThat<api::UpdatePhoneCall>(
        [](const api::UpdatePhoneCall& u) { return u.phone_call.As<Call>() != nullptr; }, patience);
    return update == nullptr ? nullptr : update->phone_call.template As<Call>();
  }
  // Whether an untaken update of a call of that constructor is there now.
  template <class Call>
  bool HasCall() const {
    for (const SeenUpdate& seen : updates_) {
      const auto* update = seen.update.As<api::UpdatePhoneCall>();
      if (update != nullptr && update->phone_call.As<Call>() != nullptr) return true;
    }
    return false;
  }

  load::Client& client() { return client_; }
  std::deque<SeenUpdate>& updates() { return updates_; }
  boost::asio::io_context& io() { return io_; }

 private:
  template <class Update, class Holds>
  const Update* Take(Holds holds) {
    for (auto it = updates_.begin(); it != updates_.end(); ++it) {
      const Update* update = it->update.As<Update>();
      if (update == nullptr || !holds(*update)) continue;
      updates_.erase(it);
      return update;
    }
    return nullptr;
  }
  void Keep(ByteView updates);
  load::Reply Wait(std::function<load::RequestId(load::Client::Done)> send);

  boost::asio::io_context& io_;
  load::Client client_;
  std::string failure_;
  tl::Arena arena_{64 * 1024, 64 * 1024 * 1024};
  std::deque<Bytes> kept_;  // what views point into, as long as the device lives
  std::deque<SeenUpdate> updates_;
};

// Common pieces of requests.
api::PhoneCallProtocol TestProtocol();
api::InputUser InputOf(const load::Contact& contact);

}  // namespace trunkline::e2e
