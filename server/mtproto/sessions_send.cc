// What leaves a session: the queues, and the packets made of them. Everything queued for a session
// in one step goes into one packet, together with the acknowledgements that wait.
#include <algorithm>
#include <utility>

#include "server/mtproto/envelope.h"
#include "server/mtproto/session_limits.h"
#include "server/mtproto/sessions.h"

namespace trunkline::mtproto {
namespace {

constexpr std::uint32_t kUpdatesTooLong = 0xe317af7e;  // of the API: "ask for the difference"
constexpr std::size_t kResultHead = 12;                // rpc_result and req_msg_id
constexpr std::size_t kInnerHead = 16;                 // msg_id:long seqno:int bytes:int
// Envelope, container head and padding of one packet.
constexpr std::size_t kEnvelopeMost = kEnvelopeHeaderBytes + kMessageHeaderBytes + 8 + 28;
// What an outbox that had much to carry may keep.
constexpr std::size_t kOutboxKept = 64 * 1024;
// Running queries an idle session keeps room for.
constexpr std::size_t kRunningKept = 8;

// Content-related messages have odd numbers; the others tell how many of them went before.
std::int32_t SeqNo(const Session& session, bool content) {
  return static_cast<std::int32_t>(session.content_sent * 2 + (content ? 1 : 0));
}

template <class T>
void Append(Bytes& out, T value) {
  const std::size_t at = out.size();
  out.resize(at + sizeof value);
  StoreLittle(out.data() + at, value);
}

}  // namespace

// ---- Queues -------------------------------------------------------------------------------------

Outbox& Sessions::Touch(Session& session) {
  if (session.outbox != nullptr) return *session.outbox;
  if (idle_outboxes_.empty()) idle_outboxes_.push_back(std::make_unique<Outbox>());
  busy_outboxes_.push_back(std::move(idle_outboxes_.back()));
  idle_outboxes_.pop_back();
  Outbox& outbox = *busy_outboxes_.back();
  outbox.session = &session;
  outbox.link = LinkId();
  session.outbox = &outbox;
  return outbox;
}

void Sessions::AddItem(Session& session, Outbox& outbox, std::size_t offset) {
  outbox.items.push_back({.id = ids_->Next(now_, IdKind::kReply),
                          .seq_no = SeqNo(session, false),
                          .offset = offset,
                          .size = outbox.bodies.size() - offset});
}

// A message that is kept until the client acknowledges it.
void Sessions::Queue(Session& session, Kind kind, MessageId query, Bytes body) {
  const std::size_t before = session.unacked.bytes();
  const UnackedQueue::Room room = session.unacked.MakeRoom(body.size(), kind);
  session.unacked.Add({.id = ids_->Next(now_, query ? IdKind::kReply : IdKind::kUnasked),
                       .query = query,
                       .last_sent = {},
                       .body = std::move(body),
                       .seq_no = SeqNo(session, true),
                       .kind = kind});
  ++session.content_sent;
  CountUnacked(session, before);
  if (room.updates_dropped) LoseUpdates(session);
  timers_.ArmNoLater(session, now_ + kUnackedAgeMax);
  Touch(session);
}

// rpc_result req_msg_id:long result:Object
void Sessions::QueueResult(Session& session, MessageId query, ByteView result) {
  Bytes body;
  if (result.size() > kGzipFrom && gzip_.Deflate(result, packed_)) {
    const tl::mt::GzipPacked packed{.packed_data = AsText(packed_)};
    body.reserve(kResultHead + tl::SizeOf(packed));
    Append(body, tl::mt::RpcResult::kId);
    Append(body, query.value());
    tl::AppendTo(body, packed);
  } else {
    body.reserve(kResultHead + result.size());
    Append(body, tl::mt::RpcResult::kId);
    Append(body, query.value());
    body.insert(body.end(), result.begin(), result.end());
  }
  session.seen.SetMark(query, SeenWindow::kAnswered);
  DropWaitingAck(session, query);  // the result acknowledges its query
  Queue(session, Kind::kResult, query, std::move(body));
}

void Sessions::QueueError(Session& session, MessageId query, std::int32_t code,
                          std::string_view message) {
  Bytes error;
  tl::AppendTo(error, tl::mt::RpcError{.error_code = code, .error_message = message});
  QueueResult(session, query, error);
}

void Sessions::Answer(SessionRef ref, MessageId msg_id, ByteView result, WallTime now) {
  now_ = now;
  Session* const session = Find(ref);
  if (session == nullptr) return;
  const auto at = std::ranges::find(session->running, msg_id, &Session::Running::query);
  if (at == session->running.end()) return;
  const bool dropped = at->dropped;
  *at = session->running.back();
  session->running.pop_back();
  if (session->running.empty() && session->running.capacity() > kRunningKept)
    session->running.shrink_to_fit();
  if (!dropped) QueueResult(*session, msg_id, result);
}

LinkId Sessions::LinkOf(SessionRef ref) {
  const Session* const session = Find(ref);
  const bool linked = session != nullptr && session->link != nullptr;
  return linked ? session->link->id : LinkId();
}

bool Sessions::Push(SessionRef ref, ByteView updates, WallTime now) {
  now_ = now;
  Session* const session = Find(ref);
  if (session == nullptr) return false;
  Bytes body;
  if (updates.size() > kGzipFrom && gzip_.Deflate(updates, packed_)) {
    tl::AppendTo(body, tl::mt::GzipPacked{.packed_data = AsText(packed_)});
  } else {
    body.assign(updates.begin(), updates.end());
  }
  const std::size_t before = session->unacked.bytes();
  const UnackedQueue::Room room = session->unacked.MakeRoom(body.size(), Kind::kUpdate);
  CountUnacked(*session, before);
  if (room.updates_dropped || !room.fits) LoseUpdates(*session);
  if (!room.fits) return false;
  Queue(*session, Kind::kUpdate, MessageId(), std::move(body));
  return true;
}

void Sessions::Acknowledge(Session& session, MessageId id) {
  if (session.waiting_acks.empty()) {
    session.waiting_since = now_;
    timers_.ArmNoLater(session, now_ + kAckDelay);
  }
  session.waiting_acks.push_back(id.value());
  if (session.waiting_acks.size() >= kWaitingAcksMax) Touch(session);
}

void Sessions::DropWaitingAck(Session& session, MessageId id) {
  const auto at = std::ranges::find(session.waiting_acks, id.value());
  if (at == session.waiting_acks.end()) return;
  *at = session.waiting_acks.back();
  session.waiting_acks.pop_back();
}

void Sessions::LoseUpdates(Session& session) {
  if (!std::exchange(session.too_long, true)) outputs_->Add(UpdatesLost{session.ref()});
}

// Half of the room free again: the client is listening, so it is told to ask for the difference.
void Sessions::TellTooLong(Session& session) {
  if (!session.too_long || session.unacked.bytes() > kUnackedBytesMax / 2) return;
  session.too_long = false;
  Bytes body;
  Append(body, kUpdatesTooLong);
  Queue(session, Kind::kTooLong, MessageId(), std::move(body));
}

void Sessions::ResendAll(Session& session) {
  for (UnackedQueue::Message& message : session.unacked.messages()) message.due = true;
}

// ---- Refusals -----------------------------------------------------------------------------------

// For what comes before there is a session: one message on the link it came from.
void Sessions::SendAlone(const Packet& packet, ByteView body) {
  Session* const session = Find(*packet.key, packet.session);
  const std::int64_t salt = packet.key->salts.Current(salt_secret_, packet.key->id, now_);
  const MessageHeader header{.salt = salt,
                             .session = packet.session,
                             .msg_id = ids_->Next(now_, IdKind::kReply),
                             .seq_no = session == nullptr ? 0 : SeqNo(*session, false)};
  if (session != nullptr) session->last_outer = header.msg_id;
  SendPacket send{.link = packet.link, .payload = {}};
  SealMessage(packet.key->id, packet.key->key, crypto::Direction::kToClient, header, body,
              *entropy_, send.payload);
  outputs_->Add(std::move(send));
}

void Sessions::Refuse(const Packet& packet, MessageId id, std::int32_t seq_no, BadMessage why) {
  Bytes body;
  tl::AppendTo(body, tl::mt::BadMsgNotification{.bad_msg_id = id.value(),
                                                .bad_msg_seqno = seq_no,
                                                .error_code = static_cast<std::int32_t>(why)});
  SendAlone(packet, body);
}

void Sessions::Refuse(Session& session, const Part& part, BadMessage why) {
  Reply(session, tl::mt::BadMsgNotification{.bad_msg_id = part.id.value(),
                                            .bad_msg_seqno = part.seq_no,
                                            .error_code = static_cast<std::int32_t>(why)});
}

void Sessions::RefuseSalt(const Packet& packet) {
  constexpr std::int32_t kBadSalt = 48;
  Bytes body;
  tl::AppendTo(body, tl::mt::BadServerSalt{.bad_msg_id = packet.outer.id.value(),
                                           .bad_msg_seqno = packet.outer.seq_no,
                                           .error_code = kBadSalt,
                                           .new_server_salt = packet.key->salts.Current(
                                               salt_secret_, packet.key->id, now_)});
  SendAlone(packet, body);
}

// ---- Packets ------------------------------------------------------------------------------------

void Sessions::Flush() {
  for (const std::unique_ptr<Outbox>& outbox : busy_outboxes_) FlushOne(*outbox);
  SealEnvelopes(unsealed_, crypto::Direction::kToClient);
  unsealed_.clear();
  for (std::unique_ptr<Outbox>& outbox : busy_outboxes_)
    idle_outboxes_.push_back(std::move(outbox));
  busy_outboxes_.clear();
}

void Sessions::AppendWaitingAcks(Session& session, Outbox& outbox) {
  if (session.waiting_acks.empty()) return;
  const std::size_t offset = outbox.bodies.size();
  tl::AppendTo(outbox.bodies, tl::mt::MsgsAck{.msg_ids = session.waiting_acks});
  AddItem(session, outbox, offset);
  session.waiting_acks.clear();
}

// A session without a link keeps its content for the next one; small replies are lost with the
// link.
void Sessions::FlushOne(Outbox& outbox) {
  Session* const session = outbox.session;
  if (session != nullptr) {
    session->outbox = nullptr;
    const LinkId link = outbox.link != LinkId()    ? outbox.link
                        : session->link != nullptr ? session->link->id
                                                   : LinkId();
    if (link != LinkId()) {
      AppendWaitingAcks(*session, outbox);
      outgoing_.clear();
      for (UnackedQueue::Message& message : session->unacked.messages()) {
        if (!message.due) continue;
        outgoing_.push_back({message.id, message.seq_no, message.body});
        message.due = false;
        message.sent = true;
        message.last_sent = now_;
      }
      if (!outgoing_.empty()) timers_.ArmNoLater(*session, now_ + kResendAfter);
      const ByteView bodies(outbox.bodies);
      for (const Outbox::Item& item : outbox.items) {
        outgoing_.push_back({item.id, item.seq_no, bodies.subspan(item.offset, item.size)});
      }
      SendPackets(*session, link);
    }
  }
  outbox.session = nullptr;
  outbox.items.clear();
  outbox.bodies.clear();
  if (outbox.bodies.capacity() > kOutboxKept) outbox.bodies.shrink_to_fit();
}

void Sessions::SendPackets(Session& session, LinkId link) {
  for (std::size_t first = 0; first < outgoing_.size();) first = SendSome(session, link, first);
}

// msg_container messages:vector<message>, message msg_id:long seqno:int bytes:int body:Object
void Sessions::AppendContainer(std::size_t first, std::size_t end, Bytes& out) const {
  Append(out, tl::mt::MsgContainer::kId);
  Append(out, static_cast<std::uint32_t>(end - first));
  for (std::size_t i = first; i < end; ++i) {
    const Outgoing& message = outgoing_[i];
    Append(out, message.id.value());
    Append(out, message.seq_no);
    Append(out, static_cast<std::uint32_t>(message.body.size()));
    out.insert(out.end(), message.body.begin(), message.body.end());
  }
}

// One packet with as many of the messages as fit; the index of the first that did not. An outer id
// must be new to the client, higher than those before and of this moment: a message that was sent
// before or has waited travels in a container even alone.
std::size_t Sessions::SendSome(Session& session, LinkId link, std::size_t first) {
  std::size_t end = first;
  std::size_t bytes = 0;
  bool reply = false;
  while (end < outgoing_.size() && end - first < kPacketMessagesMax) {
    const Outgoing& message = outgoing_[end];
    if (end > first && bytes + kInnerHead + message.body.size() > kPacketBodyBytesMax) break;
    bytes += kInnerHead + message.body.size();
    reply |= (message.id.value() & 3) == static_cast<std::int64_t>(IdKind::kReply);
    ++end;
  }
  MessageHeader header{.salt = session.key->salts.Current(salt_secret_, session.key->id, now_),
                       .session = session.id,
                       .msg_id = outgoing_[first].id,
                       .seq_no = outgoing_[first].seq_no};
  SendPacket send{.link = link, .payload = {}};
  send.payload.reserve(kEnvelopeMost + bytes);
  const std::size_t start = StartEnvelope(send.payload);
  if (end - first == 1 && header.msg_id > session.last_outer &&
      header.msg_id >= MessageIdAt(now_)) {
    const ByteView body = outgoing_[first].body;
    send.payload.insert(send.payload.end(), body.begin(), body.end());
  } else {
    AppendContainer(first, end, send.payload);
    header.msg_id = ids_->Next(now_, reply ? IdKind::kReply : IdKind::kUnasked);
    header.seq_no = SeqNo(session, false);
  }
  session.last_outer = header.msg_id;
  PadEnvelope(session.key->id, header, start, *entropy_, send.payload);
  unsealed_.push_back({&session.key->key, ByteSpan(send.payload).subspan(start)});
  outputs_->Add(std::move(send));  // its payload stays where it is
  return end;
}

}  // namespace trunkline::mtproto
