// The service messages: one handler each. Answers are bare messages; only rpc_drop_answer's is an
// rpc_result.
#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "server/mtproto/session_limits.h"
#include "server/mtproto/sessions.h"
#include "tl/runtime/reader.h"

namespace trunkline::mtproto {
namespace {

// msgs_state_info: one byte per id. The low bits say whether it was received, the others what came
// of it.
enum State : std::uint8_t {
  kNothingKnown = 1,
  kNotReceived = 2,
  kNotReceivedTooHigh = 3,
  kReceived = 4,
  kAcknowledged = 8,
  kNeedsNoAcknowledgement = 16,
  kQueryRunningOrDone = 32,
  kAnswerMade = 64,
};

// msg_resend_ans_req looks through the queue for each id.
constexpr std::size_t kResendAnswersMax = 256;

}  // namespace

void Sessions::DispatchService(Session& session, const Part& part, int depth) {
  arena_.Reset();
  tl::Reader reader(part.body, &arena_, {.vector_elements_max = kIdsMax});
  tl::mt::AnyObject object;
  if (!tl::mt::ReadObject(reader, object) || !reader.ExpectEnd()) {
    return QueueError(session, part.id, 400, "INPUT_FETCH_ERROR");
  }
  namespace mt = tl::mt;
  switch (object.id()) {
    case mt::MsgsAck::kId:
      return On(session, part, *object.As<mt::MsgsAck>());
    case mt::fn::Ping::kId:
      return On(session, part, *object.As<mt::fn::Ping>());
    case mt::fn::PingDelayDisconnect::kId:
      return On(session, part, *object.As<mt::fn::PingDelayDisconnect>());
    case mt::fn::GetFutureSalts::kId:
      return On(session, part, *object.As<mt::fn::GetFutureSalts>());
    case mt::MsgsStateReq::kId:
      return On(session, part, *object.As<mt::MsgsStateReq>());
    case mt::MsgResendReq::kId:
      return On(session, part, *object.As<mt::MsgResendReq>());
    case mt::MsgResendAnsReq::kId:
      return On(session, part, *object.As<mt::MsgResendAnsReq>());
    case mt::fn::RpcDropAnswer::kId:
      return On(session, part, *object.As<mt::fn::RpcDropAnswer>());
    case mt::fn::DestroySession::kId:
      return On(session, part, *object.As<mt::fn::DestroySession>());
    case mt::fn::DestroyAuthKey::kId:
      return On(session, part, *object.As<mt::fn::DestroyAuthKey>());
    case mt::MsgCopy::kId:
      return OnCopy(session, *object.As<mt::MsgCopy>(), depth);
    default:  // http_wait belongs to another transport; the state of our messages we never ask for
      return;
  }
}

// msgs_ack msg_ids:Vector<long>
void Sessions::On(Session& session, const Part& /*part*/, const tl::mt::MsgsAck& request) {
  const std::size_t before = session.unacked.bytes();
  session.unacked.Acknowledge(request.msg_ids);
  CountUnacked(session, before);
  TellTooLong(session);
}

// ping ping_id:long = Pong
void Sessions::On(Session& session, const Part& part, const tl::mt::fn::Ping& request) {
  Reply(session, tl::mt::Pong{.msg_id = part.id.value(), .ping_id = request.ping_id});
}

// ping_delay_disconnect ping_id:long disconnect_delay:int = Pong. Each one starts the delay anew;
// the link it came on is the one that closes.
void Sessions::On(Session& session, const Part& part,
                  const tl::mt::fn::PingDelayDisconnect& request) {
  Reply(session, tl::mt::Pong{.msg_id = part.id.value(), .ping_id = request.ping_id});
  if (session.link == nullptr || request.disconnect_delay <= 0) return;
  const std::chrono::seconds asked(request.disconnect_delay);
  timers_.Arm(
      *session.link,
      now_ + std::min<std::chrono::seconds>(
                 asked, std::chrono::duration_cast<std::chrono::seconds>(kDisconnectDelayMax)));
}

// get_future_salts num:int = FutureSalts. Each salt is current for one period and accepted for one
// more.
void Sessions::On(Session& session, const Part& part, const tl::mt::fn::GetFutureSalts& request) {
  const std::int32_t count = std::clamp(request.num, 1, kFutureSaltsMax);
  const std::int64_t period = SaltPeriodOf(now_);
  std::array<tl::mt::FutureSalt, kFutureSaltsMax> salts{};
  for (std::int32_t i = 0; i < count; ++i) {
    const std::int64_t since = (period + i) * kSaltPeriodSeconds;
    salts[static_cast<std::size_t>(i)] = {
        .valid_since = static_cast<std::int32_t>(since),
        .valid_until = static_cast<std::int32_t>(since + 2 * kSaltPeriodSeconds),
        .salt = SaltOf(salt_secret_, session.key->id, period + i)};
  }
  const std::span<const tl::mt::FutureSalt> all(salts);
  Reply(session, tl::mt::FutureSalts{.req_msg_id = part.id.value(),
                                     .now = UnixDate(now_),
                                     .salts = all.first(static_cast<std::size_t>(count))});
}

// ---- States and repetition ----------------------------------------------------------------------

// Of a message of the client, or of one of ours that the client asks for again.
std::uint8_t Sessions::StateOf(Session& session, MessageId id) const {
  if ((id.value() & 3) != 0) return session.unacked.Find(id) != nullptr ? kReceived : kNothingKnown;
  if (session.seen.Contains(id)) {
    const std::uint64_t marks = session.seen.MarksOf(id);
    std::uint8_t state = kReceived | kAcknowledged;
    state |= (marks & SeenWindow::kQuery) != 0 ? kQueryRunningOrDone : kNeedsNoAcknowledgement;
    if ((marks & SeenWindow::kAnswered) != 0) state |= kAnswerMade;
    return state;
  }
  if (session.unacked.FindAnswer(id) != nullptr) {
    return kReceived | kAcknowledged | kQueryRunningOrDone | kAnswerMade;
  }
  if (session.seen.Forgotten(id) || id < session.seen.Lowest()) return kNothingKnown;
  return id > session.seen.Highest() ? kNotReceivedTooHigh : kNotReceived;
}

void Sessions::SendStates(Session& session, MessageId request, std::span<const std::int64_t> ids) {
  std::string info;
  info.reserve(ids.size());
  for (const std::int64_t id : ids)
    info.push_back(static_cast<char>(StateOf(session, MessageId(id))));
  Reply(session, tl::mt::MsgsStateInfo{.req_msg_id = request.value(), .info = info});
}

// msgs_state_req msg_ids:Vector<long>
void Sessions::On(Session& session, const Part& part, const tl::mt::MsgsStateReq& request) {
  SendStates(session, part.id, request.msg_ids);
}

// msg_resend_req msg_ids:Vector<long>. What is still there goes out again; when something is not,
// the client is told the state of all it asked for.
void Sessions::On(Session& session, const Part& part, const tl::mt::MsgResendReq& request) {
  bool all = true;
  for (const std::int64_t id : request.msg_ids) {
    UnackedQueue::Message* const message = session.unacked.Find(MessageId(id));
    if (message != nullptr) message->due = true;
    all &= message != nullptr;
  }
  Touch(session);
  if (!all) SendStates(session, part.id, request.msg_ids);
}

// msg_resend_ans_req msg_ids:Vector<long>: the same, naming the client's queries.
void Sessions::On(Session& session, const Part& part, const tl::mt::MsgResendAnsReq& request) {
  bool all = request.msg_ids.size() <= kResendAnswersMax;
  for (const std::int64_t id :
       request.msg_ids.first(std::min(request.msg_ids.size(), kResendAnswersMax))) {
    UnackedQueue::Message* const answer = session.unacked.FindAnswer(MessageId(id));
    if (answer != nullptr) answer->due = true;
    all &= answer != nullptr;
  }
  Touch(session);
  if (!all) SendStates(session, part.id, request.msg_ids);
}

// rpc_drop_answer req_msg_id:long = RpcDropAnswer
void Sessions::On(Session& session, const Part& part, const tl::mt::fn::RpcDropAnswer& request) {
  const MessageId query(request.req_msg_id);
  Bytes answer;
  const auto running = std::ranges::find(session.running, query, &Session::Running::query);
  const UnackedQueue::Message* const made = session.unacked.FindAnswer(query);
  if (running != session.running.end()) {
    if (!running->dropped) outputs_->Add(QueryDropped{session.ref(), query});
    running->dropped = true;
    tl::AppendTo(answer, tl::mt::RpcAnswerDroppedRunning{});
  } else if (made != nullptr) {
    tl::AppendTo(answer,
                 tl::mt::RpcAnswerDropped{.msg_id = made->id.value(),
                                          .seq_no = made->seq_no,
                                          .bytes = static_cast<std::int32_t>(made->body.size())});
    const std::size_t before = session.unacked.bytes();
    session.unacked.Remove(made->id);
    CountUnacked(session, before);
  } else {
    tl::AppendTo(answer, tl::mt::RpcAnswerUnknown{});
  }
  QueueResult(session, part.id, answer);
}

// ---- Sessions and keys --------------------------------------------------------------------------

// destroy_session session_id:long = DestroySessionRes: another session of the same key, never this
// one.
void Sessions::On(Session& session, const Part& /*part*/,
                  const tl::mt::fn::DestroySession& request) {
  const SessionId id(request.session_id);
  Session* const other = id == session.id ? nullptr : Find(*session.key, id);
  if (other == nullptr)
    return Reply(session, tl::mt::DestroySessionNone{.session_id = request.session_id});
  End(*other);
  Reply(session, tl::mt::DestroySessionOk{.session_id = request.session_id});
}

// destroy_auth_key = DestroyAuthKeyRes, answered when it is durable.
void Sessions::On(Session& session, const Part& part,
                  const tl::mt::fn::DestroyAuthKey& /*request*/) {
  outputs_->Add(DestroyKey{session.ref(), part.id});
}

// msg_copy orig_message:Message: no current client sends it; unwrapped once.
void Sessions::OnCopy(Session& session, const tl::mt::MsgCopy& copy, int depth) {
  const auto* const original = copy.orig_message.As<tl::mt::Message>();
  if (original == nullptr || depth > 0 || original->body.size() < 4) return;
  ReceiveInner(session, {MessageId(original->msg_id), original->seqno, original->body}, depth + 1);
}

}  // namespace trunkline::mtproto
