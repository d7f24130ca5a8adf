#include "server/rpc/dispatcher.h"

#include <utility>

#include "server/rpc/dispatcher_state.h"

namespace trunkline::rpc {

// ---- keys and sessions ----

Session& Dispatcher::Impl::SessionOf(SessionRef ref) {
  const auto [at, fresh] = sessions.try_emplace(ref);
  if (fresh) KeyOf(ref).sessions.push_back(ref.session);
  return at->second;
}

Session* Dispatcher::Impl::FindSession(SessionRef ref) {
  const auto at = sessions.find(ref);
  return at == sessions.end() ? nullptr : &at->second;
}

int Dispatcher::Impl::LayerOf(SessionRef ref) {
  const Session* const session = FindSession(ref);
  if (session != nullptr && session->layer != 0) return session->layer;
  const std::int32_t layer = KeyOf(ref).layer;
  return layer != 0 ? layer : kLayerMax;
}

void Dispatcher::Impl::Subscribe(SessionRef ref, const KeyState& key, Session& session) {
  if (!key.user || !session.wants_updates || session.subscribed || session.away) return;
  session.subscribed = true;
  Command(ref, MessageId(), book::cmd::SessionOpened{});
}

// After signing out, or in as somebody else, nothing of the old user goes to the key's sessions.
void Dispatcher::Impl::SetUser(AuthKeyId id, KeyState& key, UserId user) {
  if (key.user == user) return;
  key.user = user;
  for (const SessionId session_id : key.sessions) {
    const SessionRef ref{id, session_id};
    Session& session = sessions[ref];
    session.subscribed = false;
    Subscribe(ref, key, session);
  }
}

// ---- outputs ----

void Dispatcher::Impl::Command(SessionRef ref, MessageId msg_id, book::CommandBody body) {
  const KeyState& key = KeyOf(ref);
  const DeviceId device = key.temporary && key.bound_to ? key.bound_to : ref.key;
  outputs.emplace_back(book::Command{{ref, msg_id, device}, std::move(body)});
}

void Dispatcher::Impl::Give(SessionRef ref, MessageId msg_id, Bytes result) {
  outputs.emplace_back(Answer{ref, msg_id, std::move(result)});
  woken.push_back(ref);
}

void Dispatcher::Impl::Fail(SessionRef ref, MessageId msg_id, RpcError error) {
  if (Session* const session = FindSession(ref)) {
    if (session->failed.size() >= kFailedMax) session->failed.erase(session->failed.begin());
    session->failed.push_back(msg_id);
  }
  Give(ref, msg_id, Serialise(error));
}

// ---- interface ----

Dispatcher::Dispatcher(DispatcherConfig config, Entropy* entropy)
    : impl_(std::make_unique<Impl>(std::move(config), entropy)) {}
Dispatcher::~Dispatcher() = default;

void Dispatcher::HandleKeyChanged(const book::KeyInfo& info, WallTime now) {
  KeyState& key = impl_->keys[info.id];
  key.temporary = info.temporary;
  key.bound_to = info.bound_to;
  key.bot = info.bot;
  key.dc = info.dc;
  key.layer = std::min(info.client.layer, kLayerMax);
  key.client_hash = HashOf(info.client);
  impl_->SetUser(info.id, key, info.user);
  impl_->RunWoken(now);
}

void Dispatcher::HandleKeyGone(AuthKeyId id) {
  const auto at = impl_->keys.find(id);
  if (at == impl_->keys.end()) return;
  for (const SessionId session : at->second.sessions) impl_->sessions.erase({id, session});
  impl_->keys.erase(at);
}

void Dispatcher::HandleQuery(SessionRef session, MessageId msg_id, ByteView body, WallTime now) {
  impl_->Process({session, msg_id, body, now}, false);
  impl_->RunWoken(now);
}

// A query that hasn't run yet never will; one that runs is finished, its answer goes nowhere.
void Dispatcher::HandleQueryDropped(SessionRef ref, MessageId msg_id) {
  Session* const session = impl_->FindSession(ref);
  if (session == nullptr) return;
  const auto at = session->Find(msg_id);
  if (at == session->waiting.end() || at->what != Waiting::For::kAfter) return;
  session->parked_bytes -= at->parked->body.size();
  session->waiting.erase(at);
}

void Dispatcher::HandleSessionAway(SessionRef ref) {
  Session* const session = impl_->FindSession(ref);
  if (session == nullptr) return;
  session->away = true;
  if (std::exchange(session->subscribed, false)) {
    impl_->Command(ref, MessageId(), book::cmd::SessionClosed{});
  }
}

void Dispatcher::HandleSessionBack(SessionRef ref) {
  Session* const session = impl_->FindSession(ref);
  if (session == nullptr) return;
  session->away = false;
  impl_->Subscribe(ref, impl_->KeyOf(ref), *session);
}

void Dispatcher::HandleUpdatesLost(SessionRef ref) {
  const Session* const session = impl_->FindSession(ref);
  if (session == nullptr || !impl_->KeyOf(ref).user) return;
  impl_->Command(ref, MessageId(), book::cmd::UpdatesLost{});
}

void Dispatcher::HandleSessionEnded(SessionRef ref) {
  const auto at = impl_->sessions.find(ref);
  if (at == impl_->sessions.end()) return;
  if (at->second.subscribed) impl_->Command(ref, MessageId(), book::cmd::SessionClosed{});
  impl_->sessions.erase(at);
  std::erase(impl_->KeyOf(ref).sessions, ref.session);
}

void Dispatcher::HandlePush(SessionRef ref, const book::UpdateBatch& batch, WallTime /*now*/) {
  const Session* const session = impl_->FindSession(ref);
  if (session == nullptr || !session->wants_updates || !impl_->KeyOf(ref).user) return;
  if (!session->subscribed && !session->away) return;
  impl_->encoder.Reset(impl_->LayerOf(ref));
  PushUpdates push{ref, {}};
  ::tl::AppendTo(push.updates, impl_->encoder.Push(batch), impl_->encoder.layer());
  impl_->outputs.emplace_back(std::move(push));
}

std::optional<WallTime> Dispatcher::NextDeadline() const {
  if (impl_->deadlines.empty()) return std::nullopt;
  return impl_->deadlines.front().at;
}

void Dispatcher::Tick(WallTime now) {
  while (!impl_->deadlines.empty() && impl_->deadlines.front().at <= now) {
    const AfterDeadline due = impl_->deadlines.front();
    impl_->deadlines.pop_front();
    Session* const session = impl_->FindSession(due.session);
    if (session == nullptr) continue;
    const auto at = session->Find(due.msg_id);
    if (at == session->waiting.end() || at->what != Waiting::For::kAfter) continue;
    session->parked_bytes -= at->parked->body.size();
    session->waiting.erase(at);
    impl_->Fail(due.session, due.msg_id, {ErrorType::kMsgWaitTimeout});
  }
  impl_->RunWoken(now);
}

bool Dispatcher::Poll(Output& output) {
  if (impl_->outputs_taken == impl_->outputs.size()) {
    impl_->outputs.clear();
    impl_->outputs_taken = 0;
    return false;
  }
  output = std::move(impl_->outputs[impl_->outputs_taken++]);
  return true;
}

}  // namespace trunkline::rpc
