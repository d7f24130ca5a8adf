// One MTProto session seen from the client: numbers messages, keeps what is unanswered, adopts
// salts and the server's clock, repeats what the server refused, and checks every rule that a
// server's messages must keep. Pure: time comes in, packets to seal and events go out. The owner
// moves bytes.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "common/bytes.h"
#include "common/gzip.h"
#include "common/ids.h"
#include "common/time.h"
#include "server/mtproto/envelope.h"
#include "tl/mt_types.h"
#include "tl/runtime/arena.h"

namespace trunkline::load {

// Names a request over all its repeats, which may have other message ids. Counts from 1.
using RequestId = std::uint64_t;

// Makes a body that depends on the id of its message (auth.bindTempAuthKey).
using BodyMaker = std::function<Bytes(MessageId)>;

// To be sealed; padding is the envelope's.
struct OutgoingPacket {
  mtproto::MessageHeader header;
  Bytes body;
};

// A boxed result, rpc_error included, or the bare answer of a service request. gzip is removed.
struct Answered {
  RequestId request;
  Bytes body;
};
// The server refused the message with a bad_msg_notification that a repeat can't cure.
struct Rejected {
  RequestId request;
  std::int32_t code;
};
struct UpdatesArrived {
  Bytes body;
};
struct SessionCreated {
  MessageId first_msg_id;
};
using SessionEvent = std::variant<Answered, Rejected, UpdatesArrived, SessionCreated>;

class ClientSession {
 public:
  // Salt 0 is what several client libraries begin with; the server then answers bad_server_salt.
  ClientSession(SessionId session, std::int64_t salt) : session_(session), salt_(salt) {}

  // Requests above 512 bytes travel as gzip_packed when that is shorter.
  void set_gzip_requests(bool on) { gzip_requests_ = on; }
  // What the key exchange told about the server's clock.
  void set_server_ahead(std::chrono::nanoseconds ahead) { clock_offset_ = ahead; }

  SessionId id() const { return session_; }
  std::int64_t salt() const { return salt_; }
  std::size_t unanswered() const { return requests_.size(); }
  // The id under which a request last left; 0 when it is unknown or still waits.
  MessageId MessageOf(RequestId request) const;

  RequestId Send(Bytes body);
  RequestId Send(BodyMaker make_body);
  // Gives up waiting; a late answer is ignored.
  void Forget(RequestId request);

  // Everything that waits as one packet, a container when it is more than one message. False when
  // there is nothing to say; acknowledgements alone are a reason only if `acks_alone`.
  bool TakePacket(WallTime now, bool acks_alone, OutgoingPacket& packet);

  // One decrypted packet. Returns what rule it broke, empty if none: a text for people, static.
  std::string_view Receive(const mtproto::MessageHeader& header, ByteView body, WallTime now);

  // The same session on another connection: what is unanswered goes out again under its old ids.
  void Reconnected();
  // Another session under the same key, as libraries that don't keep theirs do: new ids.
  void StartNewSession(SessionId session);

  bool Poll(SessionEvent& event);

  struct Counters {
    std::uint64_t bad_salts = 0, bad_messages = 0, repeated = 0, late_answers = 0;
  };
  const Counters& counters() const { return counters_; }

 private:
  struct Request {
    Bytes body;
    BodyMaker make_body;
    std::uint32_t method =
        0;             // constructor id of the body, for answers that don't name their request
    MessageId msg_id;  // 0: never sent, or to be sent under a new id
    std::int32_t seq_no = 0;
    bool waiting = true;  // in queue_
  };
  // One message about to be put into a packet.
  struct Part {
    MessageId msg_id;
    std::int32_t seq_no;
    Bytes body;
  };

  RequestId Add(Request request);
  void Queue(RequestId id, Request& request, bool new_id);
  MessageId NextMessageId(WallTime now);
  std::int32_t NextSeqNo(bool content);
  Part MakePart(RequestId id, Request& request, WallTime now);
  Bytes PackIfShorter(Bytes body);

  std::string_view CheckFields(const mtproto::MessageHeader& header, WallTime now) const;
  std::string_view ReceiveMessage(MessageId msg_id, std::int32_t seq_no, ByteView body, bool inner);
  std::string_view ReceiveContainer(MessageId msg_id, const tl::mt::MsgContainer& container);
  std::string_view ReceiveService(MessageId msg_id, const tl::mt::AnyObject& object, ByteView body,
                                  bool inner);
  std::string_view ReceivePacked(MessageId msg_id, ByteView packed, bool inner);
  std::string_view ReceiveResult(const tl::mt::RpcResult& result);
  void ReceiveSalt(const tl::mt::BadServerSalt& notice);
  void ReceiveBadMessage(MessageId msg_id, const tl::mt::BadMsgNotification& notice);
  void ReceiveNewSession(const tl::mt::NewSessionCreated& notice);
  void Answer(MessageId request, ByteView body);
  void AnswerMethod(std::uint32_t method, ByteView body);
  std::vector<RequestId> RequestsIn(MessageId message) const;

  SessionId session_;
  std::int64_t salt_ = 0;
  std::chrono::nanoseconds clock_offset_{0};
  bool gzip_requests_ = false;

  RequestId last_request_ = 0;
  std::map<RequestId, Request> requests_;  // unanswered, in order
  std::unordered_map<MessageId, RequestId> by_message_;
  std::map<MessageId, std::vector<RequestId>> containers_;  // the latest ones sent
  std::deque<RequestId> queue_;

  MessageId last_msg_id_;
  std::int32_t content_sent_ = 0;
  std::vector<std::int64_t> acks_;
  std::set<MessageId> outer_seen_;  // the latest ones received
  std::set<MessageId> inner_seen_;

  std::deque<SessionEvent> events_;
  Counters counters_;
  tl::Arena arena_;
  Gzip gzip_;
};

}  // namespace trunkline::load
