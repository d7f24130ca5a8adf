#include "bench/load/client_session.h"

#include <algorithm>
#include <utility>

#include "server/mtproto/message_ids.h"
#include "tl/runtime/codec.h"

namespace trunkline::load {
namespace {

namespace mt = tl::mt;

constexpr std::size_t kGzipRequestBytesMin = 512;
constexpr std::size_t kContainersKept = 64;
constexpr std::size_t kSeenKept = 1024;
constexpr std::size_t kAcksPerMessage = 8192;
// What a client allows between its clock and an incoming id (MTProto 2.0: security guidelines).
constexpr std::int64_t kAheadSecondsMax = 30;
constexpr std::int64_t kBehindSecondsMax = 300;

std::uint32_t FirstWord(ByteView body) {
  return body.size() < 4 ? 0 : LoadLittle<std::uint32_t>(body.data());
}

// Content-related messages are numbered odd and must be acknowledged; of what a client sends as a
// request these service methods are not (ping is allowed to be either).
bool IsContent(std::uint32_t method) {
  switch (method) {
    case mt::fn::Ping::kId:
    case mt::fn::PingDelayDisconnect::kId:
    case mt::fn::GetFutureSalts::kId:
    case mt::fn::DestroySession::kId:
    case mt::MsgsStateReq::kId:
    case mt::MsgResendReq::kId:
    case mt::MsgsAck::kId:
      return false;
    default:
      return true;
  }
}

// True when `id` is new; keeps the set bounded by forgetting its oldest.
bool Remember(std::set<MessageId>& seen, MessageId id) {
  const bool fresh = seen.insert(id).second;
  if (seen.size() > kSeenKept) seen.erase(seen.begin());
  return fresh;
}

}  // namespace

MessageId ClientSession::MessageOf(RequestId request) const {
  const auto it = requests_.find(request);
  return it == requests_.end() ? MessageId() : it->second.msg_id;
}

RequestId ClientSession::Send(Bytes body) {
  Request request;
  request.method = FirstWord(body);
  request.body = std::move(body);
  return Add(std::move(request));
}

RequestId ClientSession::Send(BodyMaker make_body) {
  Request request;
  request.make_body = std::move(make_body);
  return Add(std::move(request));
}

RequestId ClientSession::Add(Request request) {
  const RequestId id = ++last_request_;
  requests_.emplace(id, std::move(request));
  queue_.push_back(id);
  return id;
}

void ClientSession::Forget(RequestId request) {
  const auto it = requests_.find(request);
  if (it == requests_.end()) return;
  by_message_.erase(it->second.msg_id);
  std::erase(queue_, request);
  requests_.erase(it);
}

void ClientSession::Queue(RequestId id, Request& request, bool new_id) {
  if (new_id) {
    by_message_.erase(request.msg_id);
    request.msg_id = MessageId();
  }
  if (request.waiting) return;
  request.waiting = true;
  queue_.push_back(id);
  ++counters_.repeated;
}

MessageId ClientSession::NextMessageId(WallTime now) {
  const std::int64_t id = mtproto::MessageIdAt(now + clock_offset_).value();
  last_msg_id_ = MessageId(std::max(id, last_msg_id_.value() + 4));
  return last_msg_id_;
}

std::int32_t ClientSession::NextSeqNo(bool content) {
  const std::int32_t seq_no = content_sent_ * 2 + (content ? 1 : 0);
  if (content) ++content_sent_;
  return seq_no;
}

Bytes ClientSession::PackIfShorter(Bytes body) {
  Bytes packed;
  if (!gzip_requests_ || body.size() <= kGzipRequestBytesMin || !gzip_.Deflate(body, packed))
    return body;
  Bytes out;
  tl::AppendTo(out, mt::GzipPacked{.packed_data = AsText(packed)});
  return out.size() < body.size() ? out : body;
}

ClientSession::Part ClientSession::MakePart(RequestId id, Request& request, WallTime now) {
  if (!request.msg_id) {
    request.msg_id = NextMessageId(now);
    if (request.make_body) {
      request.body = request.make_body(request.msg_id);
      request.method = FirstWord(request.body);
    }
    request.seq_no = NextSeqNo(IsContent(request.method));
    by_message_[request.msg_id] = id;
  }
  request.waiting = false;
  return {request.msg_id, request.seq_no, PackIfShorter(request.body)};
}

bool ClientSession::TakePacket(WallTime now, bool acks_alone, OutgoingPacket& packet) {
  if (queue_.empty() && (acks_.empty() || !acks_alone)) return false;
  std::vector<Part> parts;
  std::vector<RequestId> inside;
  if (!acks_.empty()) {
    const std::size_t count = std::min(acks_.size(), kAcksPerMessage);
    Bytes body;
    tl::AppendTo(body, mt::MsgsAck{.msg_ids = std::span(acks_).first(count)});
    acks_.erase(acks_.begin(), acks_.begin() + static_cast<std::ptrdiff_t>(count));
    parts.push_back({NextMessageId(now), NextSeqNo(false), std::move(body)});
  }
  for (; !queue_.empty(); queue_.pop_front()) {
    inside.push_back(queue_.front());
    parts.push_back(MakePart(queue_.front(), requests_.at(queue_.front()), now));
  }
  if (parts.size() == 1) {
    packet = {{salt_, session_, parts[0].msg_id, parts[0].seq_no}, std::move(parts[0].body)};
    return true;
  }
  std::vector<mt::Message> messages;
  for (const Part& part : parts) {
    messages.push_back({.msg_id = part.msg_id.value(),
                        .seqno = part.seq_no,
                        .bytes = static_cast<std::int32_t>(part.body.size()),
                        .body = part.body});
  }
  packet.header = {salt_, session_, NextMessageId(now), NextSeqNo(false)};
  packet.body.clear();
  tl::AppendTo(packet.body, mt::MsgContainer{.messages = messages});
  containers_[packet.header.msg_id] = std::move(inside);
  if (containers_.size() > kContainersKept) containers_.erase(containers_.begin());
  return true;
}

std::string_view ClientSession::CheckFields(const mtproto::MessageHeader& header,
                                            WallTime now) const {
  if (header.session != session_) return "a packet for another session";
  if (header.msg_id.value() % 2 == 0) return "an even message id from the server";
  if (outer_seen_.contains(header.msg_id)) return "a repeated outer message id";
  const std::int64_t seconds = header.msg_id.value() >> 32;
  const std::int64_t now_seconds = UnixSeconds(now + clock_offset_);
  if (seconds > now_seconds + kAheadSecondsMax) return "a message id from the future";
  if (seconds < now_seconds - kBehindSecondsMax) return "a message id from the past";
  return {};
}

std::string_view ClientSession::Receive(const mtproto::MessageHeader& header, ByteView body,
                                        WallTime now) {
  const std::string_view broken = CheckFields(header, now);
  if (!broken.empty()) return broken;
  Remember(outer_seen_, header.msg_id);
  arena_.Reset();
  return ReceiveMessage(header.msg_id, header.seq_no, body, /*inner=*/false);
}

std::string_view ClientSession::ReceiveMessage(MessageId msg_id, std::int32_t seq_no, ByteView body,
                                               bool inner) {
  if (seq_no % 2 != 0) acks_.push_back(msg_id.value());
  // A repeat of what is known already: acknowledged again, not processed again.
  if (FirstWord(body) != mt::MsgContainer::kId && !Remember(inner_seen_, msg_id)) return {};
  tl::Reader reader(body, &arena_);
  mt::AnyObject object;
  if (mt::ReadObject(reader, object) && reader.ExpectEnd()) {
    return ReceiveService(msg_id, object, body, inner);
  }
  const bool foreign = reader.error() == tl::WireError::kUnknownConstructor &&
                       reader.unknown_id() == FirstWord(body);
  if (!foreign) return "a service message that can't be read";
  if (msg_id.value() % 4 != 3) return "an update under the id of an answer";
  events_.push_back(UpdatesArrived{Bytes(body.begin(), body.end())});
  return {};
}

std::string_view ClientSession::ReceiveContainer(MessageId msg_id,
                                                 const mt::MsgContainer& container) {
  for (const mt::Message& message : container.messages) {
    if (message.msg_id >= msg_id.value()) return "an inner message id above its container's";
    if (message.msg_id % 2 == 0) return "an even inner message id from the server";
    if (message.bytes < 4 || message.bytes % 4 != 0) return "an inner length that no message has";
    const std::string_view broken =
        ReceiveMessage(MessageId(message.msg_id), message.seqno, message.body, /*inner=*/true);
    if (!broken.empty()) return broken;
  }
  return {};
}

std::string_view ClientSession::ReceiveService(MessageId msg_id, const mt::AnyObject& object,
                                               ByteView body, bool inner) {
  switch (object.id()) {
    case mt::MsgContainer::kId:
      if (inner) return "a container inside a container";
      return ReceiveContainer(msg_id, *object.As<mt::MsgContainer>());
    case mt::GzipPacked::kId:
      return ReceivePacked(msg_id, AsBytes(object.As<mt::GzipPacked>()->packed_data), inner);
    case mt::RpcResult::kId:
      if (msg_id.value() % 4 != 1) return "an answer under the id of an update";
      return ReceiveResult(*object.As<mt::RpcResult>());
    case mt::Pong::kId:
      Answer(MessageId(object.As<mt::Pong>()->msg_id), body);
      return {};
    case mt::FutureSalts::kId:
      Answer(MessageId(object.As<mt::FutureSalts>()->req_msg_id), body);
      return {};
    case mt::MsgsStateInfo::kId:
      Answer(MessageId(object.As<mt::MsgsStateInfo>()->req_msg_id), body);
      return {};
    case mt::BadServerSalt::kId:
      ReceiveSalt(*object.As<mt::BadServerSalt>());
      return {};
    case mt::BadMsgNotification::kId:
      ReceiveBadMessage(msg_id, *object.As<mt::BadMsgNotification>());
      return {};
    case mt::NewSessionCreated::kId:
      ReceiveNewSession(*object.As<mt::NewSessionCreated>());
      return {};
    case mt::DestroySessionOk::kId:
    case mt::DestroySessionNone::kId:
      AnswerMethod(mt::fn::DestroySession::kId, body);
      return {};
    case mt::DestroyAuthKeyOk::kId:
    case mt::DestroyAuthKeyNone::kId:
    case mt::DestroyAuthKeyFail::kId:
      AnswerMethod(mt::fn::DestroyAuthKey::kId, body);
      return {};
    case mt::MsgsAck::kId:
    case mt::MsgDetailedInfo::kId:
    case mt::MsgNewDetailedInfo::kId:
      return {};
    default:
      return "a service message that no server sends";
  }
}

std::string_view ClientSession::ReceivePacked(MessageId msg_id, ByteView packed, bool inner) {
  Bytes plain;
  if (!gzip_.Inflate(packed, plain)) return "gzip_packed that can't be unpacked";
  if (FirstWord(plain) == mt::GzipPacked::kId) return "gzip_packed inside gzip_packed";
  inner_seen_.erase(msg_id);
  return ReceiveMessage(msg_id, /*seq_no=*/0, plain, inner);
}

std::string_view ClientSession::ReceiveResult(const mt::RpcResult& result) {
  if (FirstWord(result.result) != mt::GzipPacked::kId) {
    Answer(MessageId(result.req_msg_id), result.result);
    return {};
  }
  tl::Reader reader(result.result, &arena_);
  mt::AnyObject object;
  Bytes plain;
  if (!mt::ReadObject(reader, object) || !reader.ExpectEnd() ||
      !gzip_.Inflate(AsBytes(object.As<mt::GzipPacked>()->packed_data), plain)) {
    return "a packed result that can't be unpacked";
  }
  Answer(MessageId(result.req_msg_id), plain);
  return {};
}

void ClientSession::Answer(MessageId request, ByteView body) {
  const auto it = by_message_.find(request);
  if (it == by_message_.end()) {
    ++counters_.late_answers;
    return;
  }
  const RequestId id = it->second;
  events_.push_back(Answered{id, Bytes(body.begin(), body.end())});
  Forget(id);
}

// For answers that name no request: the oldest request of that method is meant.
void ClientSession::AnswerMethod(std::uint32_t method, ByteView body) {
  for (const auto& [id, request] : requests_) {
    if (request.method == method && request.msg_id) return Answer(request.msg_id, body);
  }
  ++counters_.late_answers;
}

std::vector<RequestId> ClientSession::RequestsIn(MessageId message) const {
  const auto single = by_message_.find(message);
  if (single != by_message_.end()) return {single->second};
  const auto container = containers_.find(message);
  return container == containers_.end() ? std::vector<RequestId>() : container->second;
}

void ClientSession::ReceiveSalt(const mt::BadServerSalt& notice) {
  ++counters_.bad_salts;
  salt_ = notice.new_server_salt;
  for (const RequestId id : RequestsIn(MessageId(notice.bad_msg_id))) {
    const auto it = requests_.find(id);
    if (it != requests_.end()) Queue(id, it->second, /*new_id=*/true);
  }
}

void ClientSession::ReceiveBadMessage(MessageId msg_id, const mt::BadMsgNotification& notice) {
  ++counters_.bad_messages;
  const bool clock = notice.error_code == 16 || notice.error_code == 17;
  if (clock) {
    // The notification's own id carries the server's time; ids already used may lie ahead of it.
    const std::int64_t ahead = (last_msg_id_.value() >> 32) - (msg_id.value() >> 32);
    clock_offset_ -= std::chrono::seconds(ahead);
    last_msg_id_ = MessageId();
  }
  for (const RequestId id : RequestsIn(MessageId(notice.bad_msg_id))) {
    const auto it = requests_.find(id);
    if (it == requests_.end()) continue;
    if (clock || notice.error_code == 20) {
      Queue(id, it->second, /*new_id=*/true);
    } else {
      events_.push_back(Rejected{id, notice.error_code});
      Forget(id);
    }
  }
}

void ClientSession::ReceiveNewSession(const mt::NewSessionCreated& notice) {
  salt_ = notice.server_salt;
  for (auto& [id, request] : requests_) {
    const bool lost = request.msg_id && request.msg_id.value() < notice.first_msg_id;
    if (lost && !request.waiting) Queue(id, request, /*new_id=*/true);
  }
  events_.push_back(SessionCreated{MessageId(notice.first_msg_id)});
}

void ClientSession::Reconnected() {
  for (auto& [id, request] : requests_) Queue(id, request, /*new_id=*/false);
}

void ClientSession::StartNewSession(SessionId session) {
  session_ = session;
  content_sent_ = 0;
  acks_.clear();
  containers_.clear();
  outer_seen_.clear();
  inner_seen_.clear();
  for (auto& [id, request] : requests_) Queue(id, request, /*new_id=*/true);
}

bool ClientSession::Poll(SessionEvent& event) {
  if (events_.empty()) return false;
  event = std::move(events_.front());
  events_.pop_front();
  return true;
}

}  // namespace trunkline::load
