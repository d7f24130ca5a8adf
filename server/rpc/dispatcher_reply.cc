// What comes back: the book's replies, checked bindings, and queries that waited for either.
#include <utility>

#include "server/rpc/dispatcher_state.h"

namespace trunkline::rpc {

void Dispatcher::Impl::Resume(SessionRef ref, Waiting waiting, WallTime now) {
  if (Session* const session = FindSession(ref))
    session->parked_bytes -= waiting.parked->body.size();
  const bool inited = waiting.what == Waiting::For::kInit;
  Process({ref, waiting.msg_id, waiting.parked->body, now}, inited);
}

// Runs, in order of arrival, the queries of woken sessions that no longer wait for any other. Each
// of them may end at once and wake others.
void Dispatcher::Impl::RunWoken(WallTime now) {
  for (std::size_t i = 0; i < woken.size(); ++i) {
    const SessionRef ref = woken[i];
    Session* const session = FindSession(ref);
    if (session == nullptr) continue;
    const auto runs = [&](MessageId other) { return session->Runs(other); };
    for (auto at = session->waiting.begin(); at != session->waiting.end();) {
      if (at->what != Waiting::For::kAfter || std::ranges::any_of(at->parked->after, runs)) {
        ++at;
        continue;
      }
      Waiting ready = std::move(*at);
      session->waiting.erase(at);
      Resume(ref, std::move(ready), now);
      at = session->waiting.begin();
    }
  }
  woken.clear();
}

// auth.bindTempAuthKey in steps: checked, bound, and then the client's description stored if it
// came around the query. True: it goes on.
bool Dispatcher::Impl::ContinueBinding(const book::Reply& reply, Waiting& waiting) {
  if (waiting.method != fn::auth::BindTempAuthKey::kId) return false;
  Session& session = SessionOf(reply.session);
  if (!std::holds_alternative<book::reply::Done>(reply.body)) return false;
  // What was said before belonged to no permanent key.
  session.inited = waiting.what == Waiting::For::kBindInit;
  if (session.inited) return false;
  KeyState& key = KeyOf(reply.session);
  key.bound_to = waiting.parked->perm_key;
  if (!waiting.parked->client) return false;
  key.layer = waiting.parked->client->layer;
  key.client_hash = HashOf(*waiting.parked->client);
  Command(reply.session, reply.msg_id,
          book::cmd::InitConnection{std::move(*waiting.parked->client)});
  waiting.what = Waiting::For::kBindInit;
  session.waiting.push_back(std::move(waiting));
  return true;
}

void Dispatcher::Impl::Finish(const book::Reply& reply, const Waiting& waiting) {
  if (const auto* const refused = std::get_if<book::reply::Refused>(&reply.body)) {
    return Fail(reply.session, reply.msg_id, ErrorOf(refused->refusal, refused->argument));
  }
  Bytes result;
  encoder.Reset(LayerOf(reply.session));
  AppendReply(encoder, reply.body, waiting.method, waiting.wire_id, result);
  Give(reply.session, reply.msg_id, std::move(result));
  KeyState& key = KeyOf(reply.session);
  if (const auto* const in = std::get_if<book::reply::Authorization>(&reply.body)) {
    key.bot = in->user.bot;
    SetUser(reply.session.key, key, in->user.id);
  } else if (waiting.method == fn::auth::LogOut::kId) {
    SetUser(reply.session.key, key, UserId());
  }
}

void Dispatcher::HandleReply(const book::Reply& reply, WallTime now) {
  Session* const session = impl_->FindSession(reply.session);
  if (session == nullptr) return;
  const auto at = session->Find(reply.msg_id);
  if (at == session->waiting.end()) return;
  Waiting waiting = std::move(*at);
  session->waiting.erase(at);
  const auto* const refused = std::get_if<book::reply::Refused>(&reply.body);
  if (waiting.what == Waiting::For::kInit) {
    if (refused == nullptr) {
      impl_->Resume(reply.session, std::move(waiting), now);
    } else {
      session->parked_bytes -= waiting.parked->body.size();
      impl_->Finish(reply, waiting);
    }
  } else if (!impl_->ContinueBinding(reply, waiting)) {
    impl_->Finish(reply, waiting);
  }
  impl_->RunWoken(now);
}

void Dispatcher::HandleBindingChecked(const CheckBinding& request, bool valid, WallTime now) {
  Session* const session = impl_->FindSession(request.session);
  if (session == nullptr) return;
  const auto at = session->Find(request.msg_id);
  if (at == session->waiting.end() || at->what != Waiting::For::kBinding) return;
  if (valid) {
    at->what = Waiting::For::kBook;
    constexpr std::int64_t kMillis = 1000;
    impl_->Command(request.session, request.msg_id,
                   book::cmd::BindTempKey{request.session.key, request.perm_key,
                                          request.expires_at * kMillis});
  } else {
    session->waiting.erase(at);
    impl_->Fail(request.session, request.msg_id, {ErrorType::kEncryptedMessageInvalid});
  }
  impl_->RunWoken(now);
}

}  // namespace trunkline::rpc
