#include "server/book/turn.h"

#include <utility>

#include "common/check.h"
#include "server/book/streams.h"
#include "server/book/views.h"

namespace trunkline::book {

Turn::Turn(State* state, const BookConfig* config, Entropy* entropy, call::Moment at,
           const Requester* from, std::vector<Fact>* facts, std::vector<Effect>* effects)
    : state_(state),
      config_(config),
      entropy_(entropy),
      now_(FromUnixMillis(UnixMillis(at.now))),
      clock_(FromUnixMillis(UnixMillis(at.clock))),
      from_(from),
      facts_(facts),
      effects_(effects) {
  if (from_ == nullptr) return;
  const Key* key = state_->keys.Find(from_->device);
  if (key != nullptr) user_ = key->user;
}

call::Timeouts Turn::timeouts() const {
  return {config_->receive_timeout, config_->ring_timeout, config_->connect_timeout};
}

void Turn::Emit(FactBody body) {
  const StreamId stream = StreamOf(body);
  const std::int32_t version = VersionOf(*state_, stream) + 1;
  facts_->push_back(Fact{stream.stream, stream.id, version, std::move(body)});
  Apply(*state_, facts_->back());
}

void Turn::Answer(ReplyBody body) {
  CHECK(from_ != nullptr);
  TraceAnswer(body);
  effects_->push_back(Reply{from_->session, from_->msg_id, std::move(body)});
}

void Turn::Refuse(Refusal refusal, std::int32_t argument) {
  Answer(reply::Refused{refusal, argument});
}

void Turn::Refuse(Refusal refusal, Why why, std::int32_t argument) {
  why_ = why;
  Refuse(refusal, argument);
}

void Turn::Push(std::vector<SessionRef> sessions, std::shared_ptr<const UpdateBatch> batch) {
  if (sessions.empty()) return;
  pushes_.push_back(book::Push{std::move(sessions), std::move(batch)});
}

void Turn::Push(std::vector<SessionRef> sessions, UpdateBatch batch) {
  if (sessions.empty()) return;
  Push(std::move(sessions), std::make_shared<const UpdateBatch>(std::move(batch)));
}

void Turn::Finish() {
  for (Effect& push : pushes_) {
    if (const auto* news = std::get_if<book::Push>(&push)) TracePush(*news);
    effects_->push_back(std::move(push));
  }
  pushes_.clear();
}

std::span<const SessionRef> Turn::SessionsOf(DeviceId device) const {
  const auto at = state_->presence.sessions.find(device);
  if (at == state_->presence.sessions.end()) return {};
  return at->second;
}

std::span<const DeviceId> Turn::DevicesOf(UserId user) const {
  const std::vector<DeviceId>* devices = state_->devices.Find(user);
  if (devices == nullptr) return {};
  return *devices;
}

bool Turn::IsAsking(const SessionRef& session) const {
  return from_ != nullptr && from_->session == session;
}

std::vector<SessionRef> Turn::OtherSessions(UserId user) const {
  std::vector<SessionRef> sessions;
  for (const DeviceId device : DevicesOf(user)) {
    for (const SessionRef& session : SessionsOf(device)) {
      if (!IsAsking(session)) sessions.push_back(session);
    }
  }
  return sessions;
}

std::uint64_t Turn::NonZero() {
  for (;;) {
    const std::uint64_t value = entropy_->U64();
    if (value != 0) return value;
  }
}

UpdateBatch Turn::BatchFor(UserId viewer, std::initializer_list<UserId> users) {
  UpdateBatch batch;
  batch.date = date();
  batch.users.reserve(users.size());
  for (const UserId user : users) batch.users.push_back(ViewOfUser(*state_, viewer, user, now_));
  return batch;
}

}  // namespace trunkline::book
