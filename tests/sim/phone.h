// One device of a simulated user: a stock client without screen and sound. It speaks MTProto over
// whatever links it gets, repeats what was not answered, asks for the difference when it may have
// missed something, takes part in calls as its dice say, and complains when it is told what isn't
// so.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/client_session.h"
#include "bench/load/reply.h"
#include "tests/sim/disk.h"
#include "tests/sim/timeline.h"

namespace trunkline::sim {

struct Account {
  UserId user;
  AccessHash access_hash;
};

class Phone {
 public:
  struct Outside {
    Timeline* timeline;
    Dice* dice;
    Disk* disk;
    const std::vector<Account>* accounts;
    std::function<bool()> connect;  // false: nobody answers
    // On the present link, perhaps twice.
    std::function<void(Bytes, bool may_repeat)> send;
    std::function<void()> hang_up;  // closes the link
    std::function<void(std::string)> complain;
  };
  struct Identity {
    AuthKey key;
    AuthKeyId id;
    Account account;
    int layer = 0;
  };

  Phone(Identity identity, Outside outside);
  Phone(const Phone&) = delete;
  Phone& operator=(const Phone&) = delete;

  void Start();
  void Receive(Bytes packet);
  void LinkLost();
  // The process of the server died: what depends on its memory alone may be missing, but not the
  // ends of the calls that this phone knew to live.
  void ServerDied();
  // No new mischief from now on: hang up, and learn what was missed.
  void Settle();
  // What must hold when all has settled.
  void CheckAtEnd();

  UserId user() const { return me_.account.user; }
  AuthKeyId device() const { return me_.id; }
  bool signed_out() const { return signed_out_; }
  int disturbed() const { return disturbed_; }
  std::uint64_t signals_heard() const { return signals_heard_; }
  std::uint64_t ends_owed() const { return ends_owed_; }
  std::uint64_t rings_offered() const { return rings_offered_; }
  // Between two phones of one call, for the order of signalling.
  std::function<const Phone*(DeviceId)> find_phone;

 private:
  enum class Phase { kRequesting, kWaiting, kRinging, kTaking, kTalking, kOver };
  struct Call {
    CallId id;
    std::int64_t access_hash = 0;
    bool caller = false, decided = false, told_accepted = false, discarding = false;
    bool owed_end = false, told_end = false;
    Phase phase = Phase::kWaiting;
    int random_id = 0;
    std::uint64_t sent = 0, heard = 0;  // signalling
  };
  using Done = std::function<void(const load::Reply&)>;

  // Links and queries (phone_link.cc).
  void Connect();
  void NewSession();
  void ForgetOwed();
  template <class M>
  void Ask(const M& method, Done done);
  void Send(Bytes body, Done done);
  void Flush(bool acks_alone = false);
  void AcknowledgeLater();
  void Deliver();
  void GetDifference();
  void OnDifference(const load::Reply& reply, std::int32_t asked);
  void CheckRings();
  void AddMessages(std::span<const tl::api::AnyMessage> messages);
  void OnUpdates(ByteView body);
  void OnBatch(const tl::api::AnyUpdates& updates);
  void OnUpdate(const tl::api::AnyUpdate& update);
  void OnNewMessage(const tl::api::UpdateNewMessage& update);
  void OnMessage(const tl::api::AnyMessage& message);

  // Calls (phone_calls.cc).
  void Act();
  void Dial();
  void Request(int random_id, UserId user, AccessHash hash);
  void OnRequested(const load::Reply& reply, int random_id);
  void OnCall(const tl::api::AnyPhoneCall& any);
  void OnRing(const tl::api::PhoneCallRequested& ring);
  void Decide(CallId id);
  void Accept(Call& call);
  void OnAccepted(const tl::api::PhoneCallAccepted& told);
  void Confirm(CallId id);
  void OnTalking(const tl::api::PhoneCall& told);
  void OnEnd(const tl::api::PhoneCallDiscarded& told);
  void OnSignal(const tl::api::UpdatePhoneCallSignalingData& signal);
  void Signal(Call& call);
  void HangUp(Call& call, std::uint32_t reason);
  void ActInCall(Call& call);
  void SignOut();
  void BlockSomebody();
  Call* Find(CallId id);
  void Expect(bool held, std::string_view rule);
  void ExpectRefusal(const load::Reply& reply, std::string_view method,
                     std::initializer_list<std::string_view> allowed);

  const Identity me_;
  const Outside out_;
  load::ClientSession session_;
  bool connected_ = false, introduced_ = false, settling_ = false;
  bool back_ = false;  // since the process died, at the server that came after it
  bool leaving_ = false, signed_out_ = false;  // auth.logOut was sent, answered
  int disturbed_ = 0;
  std::map<load::RequestId, Done> waiting_;
  tl::Arena arena_;

  std::int32_t pts_ = 1;
  std::vector<CallId> box_;
  bool asking_difference_ = false, behind_ = false, acknowledging_ = false;

  std::map<CallId, Call> calls_;
  int last_random_ = 0;
  bool dialling_ = false;
  std::uint64_t signals_heard_ = 0, ends_owed_ = 0, rings_offered_ = 0;
  std::set<CallId> rang_when_asked_;  // for the difference
};

}  // namespace trunkline::sim
