// Everything behind an auth key on one link thread: keys, their sessions, the links these talk on,
// and the deadlines of all three. Receives encrypted packets, answers service messages itself,
// hands queries out, and turns answers and updates into packets.
//
// Files: sessions.cc (keys, sessions, links, time), sessions_receive.cc (checks on what comes in),
// sessions_service.cc (one handler a service message), sessions_send.cc (queues and packets).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "common/entropy.h"
#include "common/gzip.h"
#include "server/mtproto/engine.h"
#include "server/mtproto/envelope.h"
#include "server/mtproto/message_ids.h"
#include "server/mtproto/outputs.h"
#include "server/mtproto/session.h"
#include "server/mtproto/timers.h"
#include "tl/mt_types.h"
#include "tl/runtime/arena.h"
#include "tl/runtime/codec.h"

namespace trunkline::mtproto {

// bad_msg_notification: why a message was not processed. 19 and 32, 33 have no name: see the
// callers.
enum class BadMessage : std::int32_t {
  kIdTooLow = 16,
  kIdTooHigh = 17,
  kIdNotClient = 18,
  kContainerRepeated = 19,
  kTooOld = 20,
  kSeqNoOdd = 34,   // even expected
  kSeqNoEven = 35,  // odd expected
  kContainerInvalid = 64,
};

class Sessions {
 public:
  // `entropy`, `outputs` and `ids` are borrowed and outlive this.
  Sessions(const SecretBytes<32>& salt_secret, Entropy* entropy, Outputs* outputs, MessageIds* ids);
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;
  ~Sessions();

  // A packet whose first 8 bytes are not zero.
  void Receive(LinkId link, ByteSpan packet, bool wants_quick_ack, WallTime now);
  void LinkClosed(LinkId link, WallTime now);

  void InstallKey(const KeyRecord& record);
  void ForgetKey(AuthKeyId id, WallTime now);
  void KeyDestroyed(SessionRef ref, MessageId msg_id, bool existed, WallTime now);
  // nullptr when unknown.
  const KeyState* FindKey(AuthKeyId id) const;

  void Answer(SessionRef ref, MessageId msg_id, ByteView result, WallTime now);
  bool Push(SessionRef ref, ByteView updates, WallTime now);
  LinkId LinkOf(SessionRef ref);

  void Tick(WallTime now);
  std::optional<WallTime> NextDeadline() const { return timers_.Next(); }
  // Makes the packets of everything queued since the last call.
  void Flush();

  void AddTo(Engine::Stats& stats) const;

 private:
  // One message of a packet: the only one, or one of a container's.
  struct Part {
    MessageId id;
    std::int32_t seq_no;
    ByteView body;
  };
  // An encrypted packet that was authentic, with what it carries in parts_.
  struct Packet {
    KeyState* key;
    LinkId link;
    SessionId session;
    std::int64_t salt;
    Part outer;
    bool container;
  };
  using Kind = UnackedQueue::Kind;

  // sessions.cc
  KeyState* Find(AuthKeyId id);
  Session* Find(KeyState& key, SessionId id);
  Session* Find(SessionRef ref);
  Session& Create(KeyState& key, SessionId id, MessageId first);
  void Inherit(Session& heir);
  void End(Session& session);
  void Attach(Session& session, LinkId link);
  void Detach(Session& session);
  LinkState& Link(LinkId id);
  void SessionDue(Session& session);
  void ArmAgain(Session& session);
  void CountUnacked(const Session& session, std::size_t before);

  // sessions_receive.cc
  void ReceivePacket(const Packet& packet, bool wants_quick_ack, std::uint32_t quick_ack);
  bool Split(const Packet& packet);
  std::optional<BadMessage> CheckOuter(const Packet& packet, bool split) const;
  bool AcceptsSalt(const Packet& packet);
  void ReceiveRepeated(Session& session, const Packet& packet);
  void ReceiveInner(Session& session, const Part& part, int depth);
  void ReceivePart(Session& session, const Part& part, int depth);
  void Repeated(Session& session, const Part& part);
  void ReceiveQuery(Session& session, const Part& part);
  void ReceivePacked(Session& session, const Part& part, int depth);
  void Dispatch(Session& session, const Part& part, int depth);

  // sessions_service.cc
  void DispatchService(Session& session, const Part& part, int depth);
  void On(Session& session, const Part& part, const tl::mt::MsgsAck& request);
  void On(Session& session, const Part& part, const tl::mt::fn::Ping& request);
  void On(Session& session, const Part& part, const tl::mt::fn::PingDelayDisconnect& request);
  void On(Session& session, const Part& part, const tl::mt::fn::GetFutureSalts& request);
  void On(Session& session, const Part& part, const tl::mt::MsgsStateReq& request);
  void On(Session& session, const Part& part, const tl::mt::MsgResendReq& request);
  void On(Session& session, const Part& part, const tl::mt::MsgResendAnsReq& request);
  void On(Session& session, const Part& part, const tl::mt::fn::RpcDropAnswer& request);
  void On(Session& session, const Part& part, const tl::mt::fn::DestroySession& request);
  void On(Session& session, const Part& part, const tl::mt::fn::DestroyAuthKey& request);
  void OnCopy(Session& session, const tl::mt::MsgCopy& copy, int depth);
  void SendStates(Session& session, MessageId request, std::span<const std::int64_t> ids);
  std::uint8_t StateOf(Session& session, MessageId id) const;

  // sessions_send.cc
  Outbox& Touch(Session& session);
  template <class T>
  void Reply(Session& session, const T& object) {  // a message without acknowledgement
    Outbox& outbox = Touch(session);
    const std::size_t offset = outbox.bodies.size();
    tl::AppendTo(outbox.bodies, object);
    AddItem(session, outbox, offset);
  }
  void AddItem(Session& session, Outbox& outbox, std::size_t offset);
  void Queue(Session& session, Kind kind, MessageId query, Bytes body);
  void QueueResult(Session& session, MessageId query, ByteView result);
  void QueueError(Session& session, MessageId query, std::int32_t code, std::string_view message);
  void Acknowledge(Session& session, MessageId id);  // soon, with whatever goes out
  void DropWaitingAck(Session& session, MessageId id);
  void LoseUpdates(Session& session);
  void TellTooLong(Session& session);
  void ResendAll(Session& session);
  void Refuse(const Packet& packet, MessageId id, std::int32_t seq_no, BadMessage why);
  void Refuse(Session& session, const Part& part, BadMessage why);
  void RefuseSalt(const Packet& packet);
  void SendAlone(const Packet& packet, ByteView body);
  void AppendWaitingAcks(Session& session, Outbox& outbox);
  void FlushOne(Outbox& outbox);
  void SendPackets(Session& session, LinkId link);
  void AppendContainer(std::size_t first, std::size_t end, Bytes& out) const;
  std::size_t SendSome(Session& session, LinkId link, std::size_t first);

  SecretBytes<32> salt_secret_;
  Entropy* entropy_;
  Outputs* outputs_;
  MessageIds* ids_;
  WallTime now_{};  // of the latest input

  absl::node_hash_map<AuthKeyId, KeyState> keys_;
  absl::node_hash_map<LinkId, LinkState> links_;
  TimerHeap timers_;
  std::size_t session_count_ = 0;
  std::uint64_t unacked_bytes_ = 0;

  std::vector<std::unique_ptr<Outbox>> idle_outboxes_;
  std::vector<std::unique_ptr<Outbox>> busy_outboxes_;  // in the order of first use

  // Working memory, kept between steps.
  struct Outgoing {
    MessageId id;
    std::int32_t seq_no;
    ByteView body;
  };
  std::vector<Outgoing> outgoing_;
  std::vector<PaddedEnvelope> unsealed_;  // outputs of the present Flush
  std::vector<Part> parts_;
  Bytes inflated_;
  std::size_t inflated_in_packet_ = 0;
  Bytes packed_;
  tl::Arena arena_;
  Gzip gzip_;
};

}  // namespace trunkline::mtproto
