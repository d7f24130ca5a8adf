#include "server/mtproto/sessions.h"

#include <algorithm>
#include <utility>

#include "server/mtproto/session_limits.h"

namespace trunkline::mtproto {

Sessions::Sessions(const SecretBytes<32>& salt_secret, Entropy* entropy, Outputs* outputs,
                   MessageIds* ids)
    : salt_secret_(salt_secret), entropy_(entropy), outputs_(outputs), ids_(ids) {}

Sessions::~Sessions() = default;

// ---- Keys ---------------------------------------------------------------------------------------

void Sessions::InstallKey(const KeyRecord& record) {
  const auto [at, added] = keys_.try_emplace(record.id, record);
  if (added && record.expires) timers_.Arm(at->second, *record.expires);
}

void Sessions::ForgetKey(AuthKeyId id, WallTime now) {
  now_ = now;
  const auto at = keys_.find(id);
  if (at == keys_.end()) return;
  Flush();
  while (at->second.sessions) End(*at->second.sessions);
  timers_.Disarm(at->second);
  keys_.erase(at);
}

void Sessions::KeyDestroyed(SessionRef ref, MessageId /*msg_id*/, bool existed, WallTime now) {
  now_ = now;
  Session* const session = Find(ref);
  if (session == nullptr) return;
  // Bare, in its own message: the libraries that ask for it don't expect an rpc_result.
  if (existed) {
    Reply(*session, tl::mt::DestroyAuthKeyOk{});
  } else {
    Reply(*session, tl::mt::DestroyAuthKeyNone{});
  }
  Flush();
}

const KeyState* Sessions::FindKey(AuthKeyId id) const {
  const auto at = keys_.find(id);
  return at == keys_.end() ? nullptr : &at->second;
}

KeyState* Sessions::Find(AuthKeyId id) {
  const auto at = keys_.find(id);
  return at == keys_.end() ? nullptr : &at->second;
}

// ---- Sessions -----------------------------------------------------------------------------------

// Puts the session at the front of its key's list: the last of them is the first to go.
Session* Sessions::Find(KeyState& key, SessionId id) {
  std::unique_ptr<Session>* at = &key.sessions;
  while (*at && (*at)->id != id) at = &(*at)->next;
  if (!*at) return nullptr;
  if (at != &key.sessions) {
    std::unique_ptr<Session> found = std::move(*at);
    *at = std::move(found->next);
    found->next = std::move(key.sessions);
    key.sessions = std::move(found);
  }
  return key.sessions.get();
}

Session* Sessions::Find(SessionRef ref) {
  KeyState* const key = Find(ref.key);
  return key == nullptr ? nullptr : Find(*key, ref.session);
}

// new_session_created first_msg_id:long unique_id:long server_salt:long. Everything the client sent
// with a lower id than `first` counts as lost, so `first` is the lowest id of the packet that
// starts the session.
Session& Sessions::Create(KeyState& key, SessionId id, MessageId first) {
  std::size_t count = 0;
  Session* oldest = nullptr;
  for (Session* session = key.sessions.get(); session != nullptr; session = session->next.get()) {
    ++count;
    if (session->link == nullptr || oldest == nullptr || oldest->link != nullptr) oldest = session;
  }
  if (count >= kSessionsPerKeyMax) End(*oldest);

  auto session = std::make_unique<Session>(&key, id);
  session->next = std::move(key.sessions);
  key.sessions = std::move(session);
  ++session_count_;

  Bytes body;
  tl::AppendTo(body, tl::mt::NewSessionCreated{
                         .first_msg_id = first.value(),
                         .unique_id = static_cast<std::int64_t>(entropy_->U64()),
                         .server_salt = key.salts.Current(salt_secret_, key.id, now_)});
  Queue(*key.sessions, Kind::kNewSession, MessageId(), std::move(body));
  Inherit(*key.sessions);
  return *key.sessions;
}

// Some libraries come back with a new session, and never fetch a difference: what the key's
// sessions without a link still hold unacknowledged is theirs now.
void Sessions::Inherit(Session& heir) {
  for (Session* old = heir.next.get(); old != nullptr; old = old->next.get()) {
    if (old->link != nullptr) continue;
    const std::size_t before = old->unacked.bytes();
    std::vector<Bytes> updates = old->unacked.TakeUpdates();
    CountUnacked(*old, before);
    heir.too_long |= std::exchange(old->too_long, false);
    for (Bytes& update : updates) Queue(heir, Kind::kUpdate, MessageId(), std::move(update));
  }
}

void Sessions::End(Session& session) {
  outputs_->Add(SessionEnded{session.ref()});
  timers_.Disarm(session);
  Detach(session);
  if (session.outbox != nullptr) session.outbox->session = nullptr;
  --session_count_;
  unacked_bytes_ -= session.unacked.bytes();
  std::unique_ptr<Session>* at = &session.key->sessions;
  while (at->get() != &session) at = &(*at)->next;
  const std::unique_ptr<Session> ended = std::move(*at);
  *at = std::move(ended->next);
}

void Sessions::CountUnacked(const Session& session, std::size_t before) {
  unacked_bytes_ += session.unacked.bytes() - before;
}

// ---- Links --------------------------------------------------------------------------------------

LinkState& Sessions::Link(LinkId id) {
  return links_.try_emplace(id, id).first->second;
}

// A session talks on the link that spoke last. What is not acknowledged is sent again on a link
// that is new to the session, not when a client with two open links uses them in turn.
void Sessions::Attach(Session& session, LinkId id) {
  if (session.link != nullptr && session.link->id == id) return;
  const LinkId before = session.link == nullptr ? LinkId() : session.link->id;
  const bool came_back = id != session.earlier_link;
  if (session.link != nullptr) Detach(session);
  if (session.link_lost != WallTime()) outputs_->Add(SessionBack{session.ref()});
  session.link_lost = WallTime();
  session.earlier_link = before;
  LinkState& link = Link(id);
  session.link = &link;
  session.link_next = link.sessions;
  if (link.sessions != nullptr) link.sessions->link_prev = &session;
  link.sessions = &session;
  if (came_back) ResendAll(session);
  if (!session.unacked.empty()) Touch(session);
}

void Sessions::Detach(Session& session) {
  if (session.link == nullptr) return;
  if (session.link_prev != nullptr) session.link_prev->link_next = session.link_next;
  if (session.link_next != nullptr) session.link_next->link_prev = session.link_prev;
  if (session.link->sessions == &session) session.link->sessions = session.link_next;
  session.link = nullptr;
  session.link_prev = nullptr;
  session.link_next = nullptr;
}

void Sessions::LinkClosed(LinkId id, WallTime now) {
  now_ = now;
  const auto at = links_.find(id);
  if (at == links_.end()) return;
  while (Session* const session = at->second.sessions) {
    Detach(*session);
    const LinkId other = session->earlier_link;
    session->earlier_link = LinkId();
    if (other != LinkId() && other != id && links_.contains(other)) {
      Attach(*session, other);
      continue;
    }
    session->link_lost = now;
    outputs_->Add(SessionAway{session->ref()});
    timers_.ArmNoLater(*session, now + kSessionWithoutLink);
  }
  timers_.Disarm(at->second);
  links_.erase(at);
}

// ---- Time ---------------------------------------------------------------------------------------

void Sessions::Tick(WallTime now) {
  now_ = now;
  while (Timer* const timer = timers_.TakeDue(now)) {
    switch (timer->kind) {
      case Timer::Kind::kSession:
        SessionDue(static_cast<Session&>(*timer));
        break;
      case Timer::Kind::kLink:
        outputs_->Add(
            CloseLink{static_cast<LinkState&>(*timer).id, "ping_delay_disconnect not renewed"});
        break;
      case Timer::Kind::kKey:
        ForgetKey(static_cast<KeyState&>(*timer).id, now);
        break;
    }
  }
}

void Sessions::SessionDue(Session& session) {
  if (session.link == nullptr && now_ >= session.link_lost + kSessionWithoutLink)
    return End(session);
  const std::size_t before = session.unacked.bytes();
  const bool updates_lost = session.unacked.DropBefore(MessageIdAt(now_ - kUnackedAgeMax));
  CountUnacked(session, before);
  if (updates_lost) LoseUpdates(session);
  TellTooLong(session);
  if (session.link != nullptr) {
    for (UnackedQueue::Message& message : session.unacked.messages()) {
      if (!message.sent || now_ < message.last_sent + kResendAfter) continue;
      message.due = true;
      Touch(session);
    }
    if (!session.waiting_acks.empty() && now_ >= session.waiting_since + kAckDelay) Touch(session);
  }
  if (session.seen.size() > kSeenIdleMax) session.seen.Forget(MessageIdAt(now_ - kMessageAgeMax));
  ArmAgain(session);
}

// The earliest thing that can become due, from scratch. What is about to be sent arms itself in
// FlushOne.
void Sessions::ArmAgain(Session& session) {
  WallTime next = WallTime::max();
  if (session.link == nullptr) {
    next = session.link_lost + kSessionWithoutLink;
  } else if (!session.waiting_acks.empty() && now_ < session.waiting_since + kAckDelay) {
    next = session.waiting_since + kAckDelay;
  }
  if (!session.unacked.empty()) {
    const std::int64_t made = session.unacked.messages().front().id.value() >> 32;
    // One second more: the id's own fraction.
    next = std::min(next, FromUnixSeconds(made + 1) + kUnackedAgeMax);
  }
  for (const UnackedQueue::Message& message : session.unacked.messages()) {
    if (session.link != nullptr && message.sent && !message.due) {
      next = std::min(next, message.last_sent + kResendAfter);
    }
  }
  if (session.seen.size() > kSeenIdleMax) {
    const std::int64_t oldest = session.seen.Lowest().value() >> 32;
    next = std::min(next, FromUnixSeconds(oldest + 1) + kMessageAgeMax);
  }
  // A message with a date ahead of ours doesn't make the timer run in circles.
  if (next != WallTime::max()) timers_.Arm(session, std::max(next, now_ + kAckDelay / 10));
}

void Sessions::AddTo(Engine::Stats& stats) const {
  stats.keys += keys_.size();
  stats.sessions += session_count_;
  stats.unacked_bytes += unacked_bytes_;
}

}  // namespace trunkline::mtproto
