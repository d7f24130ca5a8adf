#include "server/io/link_loop.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "boost/asio/post.hpp"
#include "common/clock.h"
#include "common/log.h"
#include "server/io/sleep.h"

namespace trunkline::io {
namespace {

// After accept failed for want of descriptors or memory.
constexpr std::chrono::milliseconds kAcceptPause{100};

}  // namespace

LinkLoop::LinkLoop(unsigned thread, LinkLimits limits, mtproto::EngineConfig engine,
                   rpc::DispatcherConfig dispatcher, Shared shared)
    : thread_index_(thread),
      limits_(limits),
      switchboard_(shared.switchboard),
      admission_(shared.admission),
      home_(thread, std::move(engine), std::move(dispatcher), shared.switchboard, shared.crypto,
            &entropy_) {
  switchboard_->link(thread).SetWake([this] {
    boost::asio::post(context_, [this] {
      BeginBatch();
      EndBatch();
    });
  });
}

LinkLoop::~LinkLoop() {
  Stop();
}

absl::Status LinkLoop::Listen(BoundSocket socket) {
  if (::listen(socket.get(), SOMAXCONN) != 0) return absl::ErrnoToStatus(errno, "can't listen");
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size);
  using boost::asio::ip::tcp;
  const tcp protocol = name.ss_family == AF_INET6 ? tcp::v6() : tcp::v4();
  auto acceptor = std::make_unique<Acceptor>(context_.get_executor());
  Error error;
  acceptor->assign(protocol, socket.get(), error);
  if (error) return absl::UnavailableError(error.message());
  socket.Release();
  acceptors_.push_back(std::move(acceptor));
  return absl::OkStatus();
}

void LinkLoop::Start() {
  for (auto& acceptor : acceptors_) Accept(*acceptor);
  boost::asio::post(context_, [this] { OnTimer(); });
  thread_ = std::thread([this] {
    const auto work = boost::asio::make_work_guard(context_);
    context_.run();
  });
}

void LinkLoop::StopInput() {
  input_stopped_ = true;
  for (auto& acceptor : acceptors_) {
    Error ignored;
    acceptor->close(ignored);
  }
}

void LinkLoop::WhenFlushed(Task done) {
  when_flushed_ = std::move(done);
  if (unflushed_ == 0) std::exchange(when_flushed_, nullptr)();
}

void LinkLoop::Stop() {
  if (!thread_.joinable()) return;
  switchboard_->link(thread_index_).Post(Task([this] {
    StopInput();
    std::vector<LinkPtr> links;
    for (const auto& [id, link] : links_) links.push_back(link);
    for (const LinkPtr& link : links) Close(*link, "the server stops", Blame::kUs);
    context_.stop();
  }));
  thread_.join();
}

// ---- Batches ------------------------------------------------------------------------------------

void LinkLoop::BeginBatch() {
  now_ = WallNow();
  // Keys of an exchange that ended are here before the first packet that uses them.
  if (!switchboard_->link(thread_index_).empty()) WorkOffMailbox();
}

void LinkLoop::WorkOffMailbox() {
  switchboard_->link(thread_index_).Take(inbox_);
  for (LinkMessage& message : inbox_) {
    if (auto* output = std::get_if<ToLink>(&message)) {
      Deliver(*output);
    } else if (auto* task = std::get_if<Task>(&message)) {
      home_.Flush(now_);  // a task sees everything before it sent
      EndBatch();
      (*task)();
    } else {
      home_.Handle(message, now_);
    }
  }
  inbox_.clear();
  home_.Flush(now_);
}

void LinkLoop::EndBatch() {
  Outbound& outbound = home_.outbound();
  // Closing a link is an input of the home, which may cause more.
  while (!outbound.own_links.empty() || !dirty_.empty()) {
    own_outputs_.swap(outbound.own_links);
    for (ToLink& output : own_outputs_) Deliver(output);
    own_outputs_.clear();
    flushing_.swap(dirty_);
    for (const LinkPtr& link : flushing_) {
      link->dirty = false;
      if (!link->closed && !link->writing) Flush(link);
    }
    flushing_.clear();
  }
  for (unsigned i = 0; i < outbound.other_threads.size(); ++i) {
    switchboard_->link(i).PostAll(outbound.other_threads[i]);
  }
  switchboard_->book().PostAll(outbound.book);
  Arm();
}

void LinkLoop::Arm() {
  const auto steady = std::chrono::steady_clock::now();
  auto at = steady + kSleepMax;
  if (const auto deadline = home_.NextDeadline()) {
    at = std::min(at, steady + std::max(*deadline - now_, kSleepMin));
  }
  const bool pending = armed_ > steady;
  if (pending && armed_ <= at) return;
  armed_ = at;
  timer_.expires_at(at);
  timer_.async_wait([this](const Error& error) {
    if (!error) OnTimer();
  });
}

void LinkLoop::OnTimer() {
  armed_ = {};
  BeginBatch();
  home_.Tick(now_);
  const auto steady = std::chrono::steady_clock::now();
  if (steady >= next_sweep_) {
    next_sweep_ = steady + limits_.sweep_interval;
    CloseSilent();
    UpdateStats();
  }
  EndBatch();
}

void LinkLoop::CloseSilent() {
  const auto steady = std::chrono::steady_clock::now();
  while (!fresh_.empty() && steady - fresh_.front().last_packet > limits_.first_packet_timeout) {
    Close(fresh_.front(), "no first packet in time", Blame::kUs);
  }
  while (!quiet_.empty() && steady - quiet_.front().last_packet > limits_.idle_timeout) {
    Close(quiet_.front(), "silent for too long", Blame::kUs);
  }
}

void LinkLoop::UpdateStats() {
  const mtproto::Engine::Stats now = home_.stats();
  Stats& stats = switchboard_->stats();
  const auto sessions = static_cast<std::int64_t>(now.sessions);
  const auto keys = static_cast<std::int64_t>(now.keys);
  stats.sessions.Add(sessions - std::exchange(sessions_told_, sessions));
  stats.keys.Add(keys - std::exchange(keys_told_, keys));
}

// ---- Links --------------------------------------------------------------------------------------

void LinkLoop::Accept(Acceptor& acceptor) {
  acceptor.async_accept(context_.get_executor(),
                        [this, &acceptor](const Error& error, LinkSocket socket) {
                          if (!acceptor.is_open()) return;
                          if (error) {
                            log::Warn("accept: {}", error.message());
                            accept_pause_.expires_after(kAcceptPause);
                            // Also when another acceptor's pause cuts this one short.
                            accept_pause_.async_wait([this, &acceptor](const Error&) {
                              if (acceptor.is_open()) Accept(acceptor);
                            });
                            return;
                          }
                          Error gone;
                          const auto peer = socket.remote_endpoint(gone);
                          if (!gone) Accepted(std::move(socket), peer);
                          Accept(acceptor);
                        });
}

void LinkLoop::Accepted(LinkSocket socket, const boost::asio::ip::tcp::endpoint& peer) {
  Stats& stats = switchboard_->stats();
  const AddressKey address = KeyOf(peer.address());
  if (!admission_->Enter(address)) {
    stats.connections_refused.Add();
    return;  // the socket closes
  }
  stats.connections_accepted.Add();
  stats.connections.Add(1);
  Error ignored;
  socket.non_blocking(true, ignored);
  socket.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  const LinkId id((std::uint64_t{thread_index_} << kLinkThreadShift) | next_link_++);
  auto link = std::make_shared<Link>(id, std::move(socket), address);
  link->last_packet = std::chrono::steady_clock::now();
  fresh_.push_back(*link);
  links_.emplace(id, link);
  switchboard_->addresses(id).Put(id, address);
  AwaitInput(link);
}

void LinkLoop::Close(Link& link, std::string_view reason, Blame blame) {
  if (link.closed) return;
  const auto it = links_.find(link.id);
  CHECK(it != links_.end());
  const LinkPtr alive = it->second;
  link.closed = true;
  (link.heard ? quiet_ : fresh_).erase(LinkList::s_iterator_to(link));
  // First the books, then the socket: a peer that sees the end may connect again at once.
  Stats& stats = switchboard_->stats();
  stats.connections.Add(-1);
  if (blame == Blame::kUs) stats.links_closed_by_us.Add();
  admission_->Leave(link.address);
  switchboard_->addresses(link.id).Drop(link.id);
  Error ignored;
  link.socket.shutdown(LinkSocket::shutdown_both, ignored);
  link.socket.close(ignored);
  if (std::exchange(link.writing, false)) RoomNoLongerAwaited();
  log::Debug("link {:x} closed: {}", link.id.value(), reason);
  links_.erase(it);
  Outbound& outbound = home_.outbound();
  for (unsigned i = 0; i < outbound.other_threads.size(); ++i) {
    if ((link.visited >> i & 1) == 0) continue;
    if (i == thread_index_) {
      home_.LinkClosed(link.id, now_);
    } else {
      outbound.other_threads[i].push_back(LinkGone{link.id});
    }
  }
}

}  // namespace trunkline::io
