// What comes in for a key: the checks of MTProto 2.0 in the order the specification's security
// guidelines suggest (authenticity, id, salt, session, repetition), then each message to its
// handler.
#include <algorithm>
#include <utility>

#include "server/mtproto/bind_check.h"
#include "server/mtproto/envelope.h"
#include "server/mtproto/handshake.h"
#include "server/mtproto/session_limits.h"
#include "server/mtproto/sessions.h"
#include "tl/runtime/reader.h"

namespace trunkline::mtproto {
namespace {

// Working memory of a large gzip_packed isn't kept.
constexpr std::size_t kInflatedKept = 256 * 1024;

std::uint32_t IdOf(ByteView body) {
  return body.size() < 4 ? 0 : LoadLittle<std::uint32_t>(body.data());
}

bool Odd(std::int32_t seq_no) {
  return (seq_no & 1) != 0;
}

bool FromClient(MessageId id) {
  return (id.value() & 3) == 0;
}

std::optional<BadMessage> CheckTime(MessageId id, WallTime now) {
  if (id < MessageIdAt(now - kMessageAgeMax)) return BadMessage::kIdTooLow;
  if (id > MessageIdAt(now + kMessageLeadMax)) return BadMessage::kIdTooHigh;
  return std::nullopt;
}

// Messages that never need an acknowledgement and never are a query.
bool MustBeEven(std::uint32_t id) {
  return id == tl::mt::MsgsAck::kId || id == tl::mt::MsgContainer::kId;
}

bool IsService(std::uint32_t id) {
  switch (id) {
    case tl::mt::MsgsAck::kId:
    case tl::mt::fn::Ping::kId:
    case tl::mt::fn::PingDelayDisconnect::kId:
    case tl::mt::fn::GetFutureSalts::kId:
    case tl::mt::MsgsStateReq::kId:
    case tl::mt::MsgResendReq::kId:
    case tl::mt::MsgResendAnsReq::kId:
    case tl::mt::fn::RpcDropAnswer::kId:
    case tl::mt::fn::DestroySession::kId:
    case tl::mt::fn::DestroyAuthKey::kId:
    case tl::mt::MsgCopy::kId:
    case tl::mt::HttpWait::kId:
    case tl::mt::MsgsStateInfo::kId:
    case tl::mt::MsgsAllInfo::kId:
    case tl::mt::MsgDetailedInfo::kId:
    case tl::mt::MsgNewDetailedInfo::kId:
      return true;
    default:
      return false;
  }
}

}  // namespace

void Sessions::Receive(LinkId link, ByteSpan bytes, bool wants_quick_ack, WallTime now) {
  now_ = now;
  const AuthKeyId key_id(LoadLittle<std::int64_t>(bytes.data()));
  KeyState* key = Find(key_id);
  if (key != nullptr && key->Expired(now)) {
    ForgetKey(key_id, now);
    key = nullptr;
  }
  if (key == nullptr) return outputs_->Add(SendTransportError{link, kErrorUnknownKey});

  // Whatever is wrong with the ciphertext: the link closes without a word. -404 would let anybody
  // who can damage a packet make the client lose its key.
  const auto opened = OpenMessage(key->key, crypto::Direction::kToServer, bytes);
  if (!opened) return outputs_->Add(CloseLink{link, CloseReason(opened.error())});
  if (!opened->header.session) return outputs_->Add(CloseLink{link, "session id 0"});
  Packet packet{.key = key,
                .link = link,
                .session = opened->header.session,
                .salt = opened->header.salt,
                .outer = {opened->header.msg_id, opened->header.seq_no, opened->body},
                .container = IdOf(opened->body) == tl::mt::MsgContainer::kId};
  ReceivePacket(packet, wants_quick_ack, opened->quick_ack_token);
}

void Sessions::ReceivePacket(const Packet& packet, bool wants_quick_ack, std::uint32_t quick_ack) {
  const Part& outer = packet.outer;
  inflated_in_packet_ = 0;
  const bool split = Split(packet);
  if (const auto bad = CheckOuter(packet, split))
    return Refuse(packet, outer.id, outer.seq_no, *bad);
  if (!AcceptsSalt(packet)) return RefuseSalt(packet);

  Session* session = Find(*packet.key, packet.session);
  if (session != nullptr && session->seen.Contains(outer.id))
    return ReceiveRepeated(*session, packet);
  if (session != nullptr && session->seen.Forgotten(outer.id)) {
    return Refuse(packet, outer.id, outer.seq_no, BadMessage::kTooOld);
  }
  if (wants_quick_ack) outputs_->Add(SendQuickAck{packet.link, quick_ack});
  if (session == nullptr) {
    const auto lowest = std::ranges::min_element(parts_, {}, &Part::id);
    session = &Create(*packet.key, packet.session, lowest == parts_.end() ? outer.id : lowest->id);
  }
  Attach(*session, packet.link);
  if (!packet.container) return ReceivePart(*session, outer, 0);
  session->seen.Add(outer.id);
  for (const Part& part : parts_) ReceiveInner(*session, part, 0);
}

// msg_container messages:vector<message>, message msg_id:long seqno:int bytes:int body:Object.
// False when its structure is wrong; then nothing of it is processed.
bool Sessions::Split(const Packet& packet) {
  parts_.clear();
  if (!packet.container) {
    parts_.push_back(packet.outer);
    return true;
  }
  tl::Reader reader(packet.outer.body.subspan(4), nullptr);
  constexpr std::size_t kLeast = 20;  // the head and a constructor id
  const std::size_t count = reader.Count(kLeast);
  if (count > kContainerMessagesMax) return false;
  for (std::size_t i = 0; i < count; ++i) {
    Part part{.id = MessageId(reader.I64()), .seq_no = reader.I32(), .body = {}};
    part.body = reader.RawOfLength(reader.I32());
    if (!reader.ok() || part.body.size() < 4 || part.body.size() % 4 != 0) return false;
    if (part.id >= packet.outer.id || IdOf(part.body) == tl::mt::MsgContainer::kId) return false;
    parts_.push_back(part);
  }
  return reader.ExpectEnd();
}

std::optional<BadMessage> Sessions::CheckOuter(const Packet& packet, bool split) const {
  const Part& outer = packet.outer;
  if (!FromClient(outer.id)) return BadMessage::kIdNotClient;
  if (const auto bad = CheckTime(outer.id, now_)) return bad;
  if (MustBeEven(IdOf(outer.body)) && Odd(outer.seq_no)) return BadMessage::kSeqNoOdd;
  if (!split) return BadMessage::kContainerInvalid;
  return std::nullopt;
}

// The salt of this half hour or of the one before; of the key exchange for an hour. Libraries that
// begin with salt 0 learn the right one from the refusal and send the message again.
bool Sessions::AcceptsSalt(const Packet& packet) {
  KeyState& key = *packet.key;
  if (key.salts.Accepts(salt_secret_, key.id, now_, packet.salt)) return true;
  if (key.first_salt == packet.salt && now_ < key.created + kFirstSaltLife) return true;
  if (!key.expires) return false;
  return std::ranges::any_of(
      parts_, [&](const Part& part) { return IsBindTempAuthKey(part.body, gzip_, inflated_); });
}

// The outer id was seen before. Its answer goes to the link it came from, but the session stays
// where it is: anybody can send a recorded packet again.
void Sessions::ReceiveRepeated(Session& session, const Packet& packet) {
  if (packet.container) {
    return Refuse(packet, packet.outer.id, packet.outer.seq_no, BadMessage::kContainerRepeated);
  }
  Flush();
  Touch(session).link = packet.link;
  Repeated(session, packet.outer);
  Flush();
}

// A message of a container may be one that is sent again under its old id, so that its age alone is
// no fault.
void Sessions::ReceiveInner(Session& session, const Part& part, int depth) {
  if (!FromClient(part.id)) return Refuse(session, part, BadMessage::kIdNotClient);
  if (session.seen.Contains(part.id)) return Repeated(session, part);
  const auto bad = CheckTime(part.id, now_);
  if (bad || session.seen.Forgotten(part.id)) {
    if (session.unacked.FindAnswer(part.id) != nullptr) return Repeated(session, part);
    return Refuse(session, part, bad.value_or(BadMessage::kTooOld));
  }
  if (MustBeEven(IdOf(part.body)) && Odd(part.seq_no))
    return Refuse(session, part, BadMessage::kSeqNoOdd);
  ReceivePart(session, part, depth);
}

void Sessions::ReceivePart(Session& session, const Part& part, int depth) {
  session.seen.Add(part.id);
  if (session.seen.size() == kSeenIdleMax + 1) timers_.ArmNoLater(session, now_ + kMessageAgeMax);
  Dispatch(session, part, depth);
}

// Never executed twice: the answer again if it is still there, else an acknowledgement.
void Sessions::Repeated(Session& session, const Part& part) {
  if (UnackedQueue::Message* const answer = session.unacked.FindAnswer(part.id)) {
    answer->due = true;
    Touch(session);
  } else if (Odd(part.seq_no)) {
    DropWaitingAck(session, part.id);
    session.waiting_acks.push_back(part.id.value());
    Touch(session);
  }
}

// `depth` counts the packings around the body; one is allowed.
void Sessions::Dispatch(Session& session, const Part& part, int depth) {
  const std::uint32_t id = IdOf(part.body);
  if (id == tl::mt::GzipPacked::kId) {
    ReceivePacked(session, part, depth);
  } else if (id == tl::mt::MsgContainer::kId) {
    Refuse(session, part, BadMessage::kContainerInvalid);  // inside gzip_packed or msg_copy
  } else if (IsService(id)) {
    DispatchService(session, part, depth);
  } else {
    ReceiveQuery(session, part);
  }
}

void Sessions::ReceivePacked(Session& session, const Part& part, int depth) {
  tl::Reader reader(part.body.subspan(4), nullptr);
  const ByteView packed = AsBytes(reader.Bytes());
  bool good = depth == 0 && reader.ExpectEnd() && gzip_.Inflate(packed, inflated_);
  inflated_in_packet_ += good ? inflated_.size() : 0;
  good &= inflated_in_packet_ <= kInflatedBytesMax;  // a container may hold a thousand of them
  if (!good) {
    return QueueError(session, part.id, 400, "INPUT_FETCH_ERROR");
  }
  Dispatch(session, {part.id, part.seq_no, inflated_}, depth + 1);
  if (inflated_.capacity() > kInflatedKept) Bytes().swap(inflated_);
}

void Sessions::ReceiveQuery(Session& session, const Part& part) {
  if (!Odd(part.seq_no)) {
    session.seen.Remove(part.id);  // not processed
    return Refuse(session, part, BadMessage::kSeqNoEven);
  }
  session.seen.SetMark(part.id, SeenWindow::kQuery);
  if (session.running.size() >= kQueriesInFlightMax) {
    static_assert(kTooManyQueriesWait == 3);
    return QueueError(session, part.id, 420, "FLOOD_WAIT_3");
  }
  session.running.push_back({.query = part.id});
  Acknowledge(session, part.id);
  outputs_->Add(Query{.session = session.ref(),
                      .msg_id = part.id,
                      .body = Bytes(part.body.begin(), part.body.end())});
}

}  // namespace trunkline::mtproto
