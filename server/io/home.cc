#include "server/io/home.h"

#include <algorithm>
#include <utility>

#include "server/book/book.h"

namespace trunkline::io {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
// clang 14 doesn't deduce it for an aggregate.
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

// The plaintext packets are the key exchange's; each may cost a private RSA operation.
bool IsPlaintext(ByteView packet) {
  return packet.size() >= 8 && LoadLittle<std::int64_t>(packet.data()) == 0;
}

// Commands without an answer keep the book's picture of who is there right. They are bounded by the
// number of sessions, and none may be lost.
bool MustArrive(const book::Command& command) {
  return std::holds_alternative<book::cmd::SessionOpened>(command.body) ||
         std::holds_alternative<book::cmd::SessionClosed>(command.body) ||
         std::holds_alternative<book::cmd::UpdatesLost>(command.body);
}

}  // namespace

Home::Home(unsigned thread, mtproto::EngineConfig engine, rpc::DispatcherConfig dispatcher,
           Switchboard* switchboard, CryptoPool* crypto, Entropy* entropy)
    : thread_(thread),
      switchboard_(switchboard),
      crypto_(crypto),
      engine_(std::move(engine), entropy),
      dispatcher_(std::move(dispatcher), entropy) {
  outbound_.other_threads.resize(switchboard->threads());
}

void Home::Install(const book::KeyInfo& info, WallTime now) {
  if (info.bound_to) bound_[info.id] = info.bound_to;
  dispatcher_.HandleKeyChanged(info, now);
}

void Home::Receive(LinkId link, ByteSpan packet, bool wants_quick_ack, WallTime now) {
  if (IsPlaintext(packet) && !crypto_->HasRoom()) {
    switchboard_->stats().handshakes_refused.Add();
    return ToOwner(link, mtproto::SendTransportError{link, -429});
  }
  engine_.Receive(link, packet, wants_quick_ack, now);
  Drain(now);
}

void Home::LinkClosed(LinkId link, WallTime now) {
  engine_.LinkClosed(link, now);
  Drain(now);
}

void Home::Tick(WallTime now) {
  engine_.Tick(now);
  Drain(now);
  dispatcher_.Tick(now);
  Drain(now);
}

std::optional<WallTime> Home::NextDeadline() const {
  const auto a = engine_.NextDeadline(), b = dispatcher_.NextDeadline();
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

void Home::Handle(LinkMessage& message, WallTime now) {
  Apply(message, now);
  DrainReady(now);
}

void Home::Apply(LinkMessage& message, WallTime now) {
  std::visit(
      Overloaded{
          [&](PacketIn& in) { Receive(in.link, in.packet, in.wants_quick_ack, now); },
          [&](LinkGone& gone) { LinkClosed(gone.link, now); },
          [&](BindingAsked& asked) {
            const bool valid = CheckBinding(asked.request);
            ToThread(asked.asking_thread, BindingAnswered{std::move(asked.request), valid});
          },
          [&](BindingAnswered& answered) {
            dispatcher_.HandleBindingChecked(answered.request, answered.valid, now);
          },
          [&](mtproto::Computed& computed) { engine_.HandleComputed(std::move(computed), now); },
          [&](book::Reply& reply) { HandleReply(reply, now); },
          [&](PushTo& push) {
            for (const SessionRef& session : push.sessions) {
              dispatcher_.HandlePush(session, *push.batch, now);
            }
          },
          [&](InstallKey& install) { engine_.InstallKey(std::move(install.record)); },
          [&](ExchangeDone& done) {
            if (!done.taken) switchboard_->stats().handshakes_finished.Add();
            engine_.KeyStored(done.nonce, done.taken, now);
          },
          [&](book::KeyInfo& info) { Install(info, now); },
          [&](book::KeyGone& gone) {
            bound_.erase(gone.id);
            engine_.ForgetKey(gone.id, now);
            Drain(now);  // sessions that ended still need what the dispatcher knows of the key
            dispatcher_.HandleKeyGone(gone.id);
          },
          [](ToLink&) { CHECK(false); },
          [](Task&) { CHECK(false); },
      },
      message);
}

// What is there may make more, so until nothing was.
void Home::DrainReady(WallTime now) {
  mtproto::Output packet;
  rpc::Output answer;
  for (bool any = true; any;) {
    any = false;
    if (!own_.empty()) {
      LinkMessage message = std::move(own_.front());
      own_.pop_front();
      any = true;
      Apply(message, now);
    }
    while (engine_.PollReady(packet)) {
      any = true;
      Perform(packet, now);
    }
    while (dispatcher_.Poll(answer)) {
      any = true;
      Perform(answer, now);
    }
  }
}

void Home::Drain(WallTime now) {
  mtproto::Output packet;
  DrainReady(now);
  while (engine_.Poll(packet)) {
    Perform(packet, now);
    DrainReady(now);
  }
}

void Home::Perform(mtproto::Output& output, WallTime now) {
  std::visit(Overloaded{
                 [&](mtproto::SendPacket& out) { ToOwner(out.link, std::move(out)); },
                 [&](mtproto::SendQuickAck& out) { ToOwner(out.link, out); },
                 [&](mtproto::SendTransportError& out) { ToOwner(out.link, out); },
                 [&](mtproto::CloseLink& out) { ToOwner(out.link, out); },
                 [&](mtproto::Compute& out) { crypto_->Post(thread_, std::move(out)); },
                 [&](mtproto::StoreKey& out) { StoreKey(out); },
                 [&](mtproto::Query& out) {
                   dispatcher_.HandleQuery(out.session, out.msg_id, out.body, now);
                 },
                 [&](mtproto::QueryDropped& out) {
                   dispatcher_.HandleQueryDropped(out.session, out.msg_id);
                 },
                 [&](mtproto::SessionAway& out) { dispatcher_.HandleSessionAway(out.session); },
                 [&](mtproto::SessionBack& out) { dispatcher_.HandleSessionBack(out.session); },
                 [&](mtproto::UpdatesLost& out) { dispatcher_.HandleUpdatesLost(out.session); },
                 [&](mtproto::SessionEnded& out) { dispatcher_.HandleSessionEnded(out.session); },
                 [&](mtproto::DestroyKey& out) { DestroyKey(out); },
             },
             output);
}

void Home::Perform(rpc::Output& output, WallTime now) {
  std::visit(
      Overloaded{
          [&](rpc::Answer& out) { engine_.Answer(out.session, out.msg_id, out.result, now); },
          // A full queue is the session's own affair: the engine tells it that it missed something.
          [&](rpc::PushUpdates& out) { (void)engine_.Push(out.session, out.updates, now); },
          [&](rpc::CheckBinding& out) {
            const unsigned home = switchboard_->HomeOf(out.perm_key);
            ToThread(home, BindingAsked{thread_, std::move(out)});
          },
          [&](book::Command& out) {
            if (auto* request = std::get_if<book::cmd::RequestCall>(&out.body)) {
              request->address = AddressOf(out.from.session);
            } else if (auto* accept = std::get_if<book::cmd::AcceptCall>(&out.body)) {
              accept->address = AddressOf(out.from.session);
            }
            ToBook(std::move(out));
          },
      },
      output);
}

void Home::ToOwner(LinkId link, ToLink output) {
  const unsigned owner = Switchboard::OwnerOf(link);
  if (owner == thread_) {
    outbound_.own_links.push_back(std::move(output));
  } else if (owner < outbound_.other_threads.size()) {
    outbound_.other_threads[owner].push_back(std::move(output));
  }
}

void Home::ToThread(unsigned thread, LinkMessage message) {
  if (thread == thread_) return own_.push_back(std::move(message));
  outbound_.other_threads[thread].push_back(std::move(message));
}

void Home::ToBook(book::Command command) {
  if (switchboard_->book().HasRoom() || MustArrive(command)) {
    switchboard_->stats().commands.Add();
    outbound_.book.push_back(std::move(command));
    return;
  }
  switchboard_->stats().commands_refused.Add();
  auto refusal = book::Book::RefusalOf(command);
  if (!refusal) return;
  if (auto* reply = std::get_if<book::Reply>(&*refusal)) own_.push_back(std::move(*reply));
  if (const auto* key = std::get_if<book::KeyStored>(&*refusal)) {
    own_.push_back(ExchangeDone{key->nonce, true});
  }
}

AddressKey Home::AddressOf(const SessionRef& session) {
  const LinkId link = engine_.LinkOf(session);
  return link ? switchboard_->addresses(link).Find(link) : AddressKey{};
}

void Home::HandleReply(const book::Reply& reply, WallTime now) {
  if (!destroying_.empty() && destroying_.erase({reply.session, reply.msg_id}) > 0) {
    const auto* done = std::get_if<book::reply::Done>(&reply.body);
    return engine_.KeyDestroyed(reply.session, reply.msg_id, done != nullptr && done->flag, now);
  }
  dispatcher_.HandleReply(reply, now);
}

void Home::StoreKey(mtproto::StoreKey& request) {
  const mtproto::KeyRecord& record = request.record;
  book::cmd::CreateKey create;
  create.nonce = request.nonce;
  create.id = record.id;
  create.key = record.key;
  create.created_ms = UnixMillis(record.created);
  create.expires_ms = record.expires ? UnixMillis(*record.expires) : 0;
  create.first_salt = record.first_salt.value_or(0);
  create.dc = request.dc ? request.dc->value() : 0;
  ToBook(book::Command{{}, std::move(create)});
}

void Home::DestroyKey(const mtproto::DestroyKey& request) {
  const auto bound = bound_.find(request.session.key);
  book::Requester from{request.session, request.msg_id, request.session.key};
  if (bound != bound_.end()) from.device = bound->second;
  destroying_.insert({request.session, request.msg_id});
  ToBook(book::Command{from, book::cmd::DestroyKey{}});
}

bool Home::CheckBinding(const rpc::CheckBinding& request) const {
  const mtproto::Engine::Binding binding{.temp_key = request.session.key,
                                         .perm_key = request.perm_key,
                                         .nonce = request.nonce,
                                         .expires_at = request.expires_at,
                                         .temp_session = request.session.session,
                                         .msg_id = request.msg_id};
  return engine_.CheckBinding(binding, request.encrypted_message);
}

}  // namespace trunkline::io
