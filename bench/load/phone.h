// A scripted phone: signs in, makes or takes one call at a time with real Diffie-Hellman, and
// checks everything that a careful client checks on the way (constructors, ids, hashes,
// fingerprints, relays, order). Lives on its client's thread and is outlived by nothing that it
// gave a callback to.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "bench/load/client.h"
#include "bench/load/reply.h"
#include "common/crypto/dh.h"
#include "common/ids.h"

namespace trunkline::load {

struct Contact {
  UserId id;
  AccessHash hash;
};

struct PhoneScript {
  bool get_dh_config = true;  // ask for g and p before a call, as real clients do
  int signals = 2;            // signalling packets that each side sends
  bool reuse_dh =
      false;  // one key pair and key for all calls: only to spare a load generator's CPU
  std::int32_t duration = 5;  // what the caller claims when it hangs up
  // Both sides, when the call is established: begins the media. The caller hangs up after `done`.
  std::function<void(bool caller, const tl::api::PhoneCall& call, std::function<void()> done)>
      talk = nullptr;
};

class Phone {
 public:
  // What whoever measures wants to know the moment of.
  enum class Moment { kRequestAnswered, kRung };  // of the caller, of the callee

  // An empty text when all held, else what didn't.
  using Finished = std::function<void(const std::string& failure)>;

  // Both are borrowed. Takes the client's updates.
  Phone(Client* client, Entropy* entropy, PhoneScript script);
  Phone(const Phone&) = delete;
  Phone& operator=(const Phone&) = delete;

  // auth.sendCode and auth.signIn, auth.signUp when the server asks for it.
  void SignIn(std::string number, std::string code, Finished finished);
  // contacts.importContacts: learns whom to call.
  void Find(std::string number, Finished finished);
  const Contact& self() const { return self_; }
  const Contact& found() const { return found_; }
  std::int64_t call_id() const { return call_id_; }  // of the call in progress or the last one

  void Dial(Contact peer, Finished finished);
  // Takes the next incoming call, which must be of `peer`.
  void Expect(Contact peer, Finished finished);
  void OnMoment(std::function<void(Moment)> noticed) { noticed_ = std::move(noticed); }
  // After a failure of the other side: forgets the call in progress without telling anybody.
  void Abandon();

  Client& client() { return *client_; }
  std::uint64_t checks() const { return checks_; }

 private:
  enum class Stage {
    kIdle,
    kRequesting,   // caller: the result is awaited
    kWaiting,      // caller: phoneCallWaiting
    kRinging,      // caller: with receive_date; callee: receivedCall is under way
    kExchanging,   // caller: confirmCall is under way; callee: acceptCall, then phoneCall
    kTalking,      // both have the key
    kEnding,       // caller: discardCall is under way
    kAwaitingEnd,  // callee: discarded, its message is still to come
  };

  void OnSentCode(const Reply& reply, const std::string& code);
  void OnAuthorization(const Reply& reply);
  void SignUp();
  void OnFound(const Reply& reply);

  void OnUpdates(ByteView body);
  void OnUpdate(const tl::api::AnyUpdate& update, std::span<const tl::api::AnyUser> users);
  void OnCall(const tl::api::AnyPhoneCall& call, std::span<const tl::api::AnyUser> users);
  void OnSignal(const tl::api::UpdatePhoneCallSignalingData& signal);
  void OnMessage(const tl::api::UpdateNewMessage& update);

  // The caller's part (phone_caller.cc).
  void RequestCall();
  void OnDhConfig(const Reply& reply);
  void OnRequested(const Reply& reply);
  void OnWaiting(const tl::api::PhoneCallWaiting& call);
  void OnAccepted(const tl::api::PhoneCallAccepted& call);
  void OnConfirmed(const Reply& reply);
  void HangUpWhenDone();
  void HangUp();
  void OnHungUp(const Reply& reply);

  // The callee's part (phone_callee.cc).
  void OnRinging(const tl::api::PhoneCallRequested& call, std::span<const tl::api::AnyUser> users);
  void Accept();
  void OnAccepting(const Reply& reply);
  void OnActive(const tl::api::PhoneCall& call);
  void OnDiscarded(const tl::api::PhoneCallDiscarded& call);

  // Common to both.
  void StartCall(Contact peer, Finished finished);
  void MakePair();
  bool MakeKey(std::string_view other_public);
  bool CheckActive(const tl::api::PhoneCall& call, std::string_view expected_other);
  bool CheckMessage(const tl::api::UpdateNewMessage& update, bool out);
  void SendSignals();
  void Talk(const tl::api::PhoneCall& call);
  bool Check(bool held, std::string_view what);
  bool CheckReply(const Reply& reply, std::string_view method);
  void Finish(const std::string& failure);
  void Notice(Moment moment) const {
    if (noticed_) noticed_(moment);
  }
  tl::api::InputPhoneCall Peer() const;
  // `versions`, newest first, must outlive the value.
  static tl::api::PhoneCallProtocol ProtocolOf(std::span<const std::string_view> versions);

  Client* client_;
  Entropy* entropy_;
  PhoneScript script_;
  tl::Arena arena_;
  Finished finished_;
  std::function<void(Moment)> noticed_;
  std::uint64_t checks_ = 0;

  std::string number_, code_hash_;
  Contact self_, found_;

  // The call in progress.
  Stage stage_ = Stage::kIdle;
  bool caller_ = false;
  Contact peer_;
  std::int64_t call_id_ = 0, call_hash_ = 0;
  std::int32_t date_ = 0;
  std::string g_a_hash_;  // callee: as announced
  int signals_seen_ = 0;
  bool talked_ = false;  // the media has nothing more to say
  bool message_seen_ = false;

  std::optional<crypto::DhPair> pair_;
  std::string key_of_;  // the other side's number that fingerprint_ belongs to
  std::int64_t fingerprint_ = 0;
};

}  // namespace trunkline::load
