#include "server/relays/relay_control.h"

#include <fcntl.h>

#include <chrono>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/steady_timer.hpp"
#include "common/entropy.h"
#include "common/gate.h"
#include "common/log.h"
#include "relay/rate.h"
#include "server/relays/convert.h"
#include "server/relays/link.h"

namespace trunkline::relays {
namespace {

namespace net = boost::asio;
namespace control = relay::control;
using net::ip::tcp;

constexpr std::size_t kLinksMax = 1'024;
// Of those, links that haven't registered. When there are more the oldest goes: a relay needs one
// only for a moment, so strangers can't keep relays out.
constexpr std::size_t kStrangersMax = 256;
constexpr std::chrono::milliseconds kTick{100}, kAcceptPause{100};
constexpr Duration kSilentForAnother = 2 * control::kBeatEvery;
constexpr int kLeaveTurnsMax = 1'000;        // of the thread's queue, at the end
constexpr relay::Rate kRefusalLines{2, 20};  // in the log

std::string AddressText(const Joined& joined) {
  return joined.ip.empty() ? absl::StrCat("[", joined.ipv6, "]:", joined.port)
                           : absl::StrCat(joined.ip, ":", joined.port);
}

}  // namespace

struct RelayControl::Impl {
  Impl(ByteView secret, Events to)
      : events(std::move(to)), tls(crypto::TlsRole::kServer, secret), instance(entropy.U64()) {
    owner.spoke = [this](Link& link) { TakeEvents(link); };
    owner.broken = [this](Link& link, const std::string& why) { Broken(link, why); };
  }

  absl::Status Listen(const std::string& host, std::uint16_t port);
  void Accept();
  void Add(tcp::socket socket);
  void DropOldestStranger();
  void Tick();

  void TakeEvents(Link& link);
  void Take(Link& link, control::Registration&& registration);
  void Take(Link& link, control::Beat&& beat);
  void Take(Link& link, control::FlowReport&& report);
  void Take(Link& link, control::ServerEnd::OddBeat&& odd);
  void Take(Link& link, control::ServerEnd::Ended&& ended);
  bool MakeRoom(Link& link, const control::Registration& registration);
  void Answered(const std::weak_ptr<Link>& link, absl::StatusOr<Welcome> answer);

  void Broken(Link& link, const std::string& why);
  void Lose(Link& link, bool clean, const std::string& why);
  void Refused(const Link& link, const std::string& why);
  void Forget(Link& link);
  void Tell(std::uint32_t id, const std::function<void(control::ServerEnd&)>& say);
  void PublishLinks();
  void Stop();
  void LeaveLinks(int turns);

  const Events events;
  SystemEntropy entropy;
  const crypto::PskTlsContext tls;
  const std::uint64_t instance;  // of this process, for the relays
  Link::Owner owner;
  std::uint16_t bound_port = 0;
  relay::TokenBucket refusal_lines;

  mutable std::mutex mutex;  // guards `published`
  std::vector<LinkInfo> published;

  net::io_context context{1};
  const std::shared_ptr<Gate> gate = std::make_shared<Gate>(&context);
  std::map<std::uint64_t, std::shared_ptr<Link>> links;  // by number: the oldest first
  std::uint64_t last_number = 0;
  bool links_changed = false;            // what is published is old
  std::map<std::uint32_t, Link*> by_id;  // those that have registered, answered or not
  tcp::acceptor acceptor{context};
  net::steady_timer timer{context}, pause{context};
  std::thread thread;
};

// ---- Connections

absl::Status RelayControl::Impl::Listen(const std::string& host, std::uint16_t port) {
  boost::system::error_code error;
  const auto address = net::ip::make_address(host, error);
  const tcp::endpoint endpoint(address, port);
  if (!error) acceptor.open(endpoint.protocol(), error);
  if (!error) ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("can't listen on ", host, ":", port, " (relays): ", error.message()));
  }
  bound_port = acceptor.local_endpoint().port();
  return absl::OkStatus();
}

void RelayControl::Impl::Accept() {
  acceptor.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
    if (!acceptor.is_open()) return;
    if (!error) {
      Add(std::move(socket));
      return Accept();
    }
    log::Warn("relays accept: {}", error.message());
    pause.expires_after(kAcceptPause);
    pause.async_wait([this](const boost::system::error_code& cut) {
      if (!cut) Accept();
    });
  });
}

void RelayControl::Impl::Add(tcp::socket socket) {
  if (links.size() - by_id.size() >= kStrangersMax) DropOldestStranger();
  if (links.size() >= kLinksMax) return;
  const auto link = std::make_shared<Link>(std::move(socket), tls, &owner);
  link->number = ++last_number;
  links.emplace(link->number, link);
  link->Read();
}

void RelayControl::Impl::DropOldestStranger() {
  for (const auto& [number, link] : links) {
    if (link->relay.id != 0) continue;
    const auto stranger = link;
    stranger->Close();
    return Forget(*stranger);
  }
}

void RelayControl::Impl::Tick() {
  timer.expires_after(kTick);
  timer.async_wait([this](const boost::system::error_code& cut) {
    if (!cut) Tick();
  });
  const relay::Moment now = Now();
  // Handlers take links out of the set.
  std::vector<std::shared_ptr<Link>> all;
  for (const auto& [number, link] : links) all.push_back(link);
  for (const auto& link : all) {
    link->Tick(now);
    TakeEvents(*link);
    link->Flush();
  }
  PublishLinks();
}

void RelayControl::Impl::Broken(Link& link, const std::string& why) {
  if (!link.end().ended()) {
    if (link.relay.id == 0) {
      Refused(link, why);
    } else {
      Lose(link, false, why);
    }
  }
  Forget(link);
}

void RelayControl::Impl::Forget(Link& link) {
  const auto found = by_id.find(link.relay.id);
  if (found != by_id.end() && found->second == &link) by_id.erase(found);
  links_changed = true;
  links.erase(link.number);
}

// ---- What relays say

void RelayControl::Impl::TakeEvents(Link& link) {
  while (auto event = link.end().Poll()) {
    std::visit([this, &link](auto&& one) { Take(link, std::move(one)); }, std::move(*event));
  }
}

// False: another relay has this id.
bool RelayControl::Impl::MakeRoom(Link& link, const control::Registration& registration) {
  const auto found = by_id.find(registration.id);
  if (found == by_id.end()) return true;
  const auto other = found->second->shared_from_this();
  if (other->relay.instance != registration.instance) {
    if (other->end().SilentFor(Now()) <= kSilentForAnother) {
      link.end().Refuse(
          control::RefusalReason::kDuplicate,
          absl::StrCat("id ", registration.id, " belongs to the relay at ", other->relay.address));
      return false;
    }
    Lose(*other, false, "silent, and another relay came with its id");
  }
  other->Close();
  Forget(*other);
  return true;
}

void RelayControl::Impl::Take(Link& link, control::Registration&& registration) {
  if (!MakeRoom(link, registration)) return;
  Joined joined = JoinedOf(registration);
  link.relay = {.id = joined.id,
                .instance = joined.instance,
                .address = AddressText(joined),
                .version = joined.version,
                .since = Now().wall,
                .told = true};
  by_id[joined.id] = &link;
  events.joined(std::move(joined),
                [this, way = gate, at = link.weak_from_this()](absl::StatusOr<Welcome> answer) {
                  way->Post([this, at, answer = std::move(answer)]() mutable {
                    Answered(at, std::move(answer));
                  });
                });
}

void RelayControl::Impl::Answered(const std::weak_ptr<Link>& at, absl::StatusOr<Welcome> answer) {
  const auto link = at.lock();
  if (link == nullptr || link->end().ended() || link->end().accepted()) return;
  // A link that has lost its id may still be held by what the network had begun.
  const auto found = by_id.find(link->relay.id);
  if (found == by_id.end() || found->second != link.get()) return;
  if (answer.ok()) {
    link->end().Accept({.clock = {},
                        .keys = std::move(answer->keys),
                        .draining = answer->draining,
                        .beat_every = control::kBeatEvery,
                        .instance = instance},
                       Now());
    log::Info("relay {} at {} joined, version {}", link->relay.id, link->relay.address,
              link->relay.version);
    links_changed = true;
    PublishLinks();
  } else {
    link->relay.told = false;
    link->end().Refuse(ReasonOf(answer.status()), std::string(answer.status().message()));
    TakeEvents(*link);
  }
  link->Flush();
}

void RelayControl::Impl::Take(Link& link, control::Beat&& beat) {
  link.relay.round_trip_us = beat.round_trip_us;
  links_changed = true;
  const control::Load& load = beat.load;
  events.beat({.id = link.relay.id,
               .load = {.packets_per_second = load.packets_per_second,
                        .bits_per_second = load.bits_per_second,
                        .cpu = load.cpu,
                        .calls = load.calls},
               .draining = beat.draining,
               .drops = std::move(beat.load.drops)});
}

void RelayControl::Impl::Take(Link& link, control::FlowReport&& report) {
  Flows flows{.id = link.relay.id, .flows = {}};
  flows.flows.reserve(report.flows.size());
  for (const relay::FlowSummary& flow : report.flows) flows.flows.push_back(FlowOf(flow));
  events.flows(std::move(flows));
}

void RelayControl::Impl::Take(Link& link, control::ServerEnd::OddBeat&& odd) {
  log::Warn("relay {} at {}: {}", link.relay.id, link.relay.address, odd.what);
}

void RelayControl::Impl::Take(Link& link, control::ServerEnd::Ended&& ended) {
  if (link.relay.told) {
    Lose(link, ended.clean, ended.why);
  } else {
    Refused(link, ended.why);
  }
  // Its id is free while the last words travel.
  const auto found = by_id.find(link.relay.id);
  if (found != by_id.end() && found->second == &link) by_id.erase(found);
  links_changed = true;
}

void RelayControl::Impl::Lose(Link& link, bool clean, const std::string& why) {
  if (!std::exchange(link.relay.told, false)) return;
  log::Info("relay {} at {} is gone: {}", link.relay.id, link.relay.address, why);
  events.gone({.id = link.relay.id, .clean = clean, .why = why});
}

void RelayControl::Impl::Refused(const Link& link, const std::string& why) {
  const auto now_ms = static_cast<std::uint32_t>(Now().micros / 1000);
  if (!refusal_lines.Take(1, kRefusalLines, now_ms)) return;
  log::Warn("relay at {} was refused: {}", link.peer(), why);
}

// ---- From other threads

void RelayControl::Impl::PublishLinks() {
  if (!std::exchange(links_changed, false)) return;
  std::vector<LinkInfo> infos;
  for (const auto& [id, link] : by_id) {
    if (!link->end().accepted()) continue;
    const Link::Relay& relay = link->relay;
    infos.push_back(
        {id, relay.instance, link->peer(), relay.version, relay.since, relay.round_trip_us});
  }
  const std::lock_guard lock(mutex);
  published = std::move(infos);
}

void RelayControl::Impl::Tell(std::uint32_t id,
                              const std::function<void(control::ServerEnd&)>& say) {
  const auto found = by_id.find(id);
  if (found == by_id.end()) return;
  say(found->second->end());
  found->second->Flush();
}

void RelayControl::Impl::Stop() {
  boost::system::error_code ignored;
  acceptor.close(ignored);
  for (const auto& [number, link] : links) link->end().Leave("it stops");
  LeaveLinks(kLeaveTurnsMax);
}

// The last word waits for a write that is under way to be told as done, which takes a turn or two.
void RelayControl::Impl::LeaveLinks(int turns) {
  bool all_left = true;
  for (const auto& [number, link] : links) all_left = link->FlushNow() && all_left;
  if (!all_left && turns > 0) {
    net::post(context, [this, turns] { LeaveLinks(turns - 1); });
    return;
  }
  for (const auto& [number, link] : links) link->Close();
  context.stop();
}

absl::StatusOr<std::unique_ptr<RelayControl>> RelayControl::Start(const std::string& host,
                                                                  std::uint16_t port,
                                                                  ByteView secret, Events events) {
  auto impl = std::make_unique<Impl>(secret, std::move(events));
  const absl::Status status = impl->Listen(host, port);
  if (!status.ok()) return status;
  impl->Accept();
  impl->Tick();
  impl->thread = std::thread([context = &impl->context] { context->run(); });
  return std::unique_ptr<RelayControl>(new RelayControl(std::move(impl)));
}

RelayControl::RelayControl(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RelayControl::~RelayControl() {
  impl_->gate->Shut();
  net::post(impl_->context, [impl = impl_.get()] { impl->Stop(); });
  impl_->thread.join();
}

std::uint16_t RelayControl::port() const {
  return impl_->bound_port;
}

std::vector<LinkInfo> RelayControl::links() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->published;
}

void RelayControl::SetDraining(std::uint32_t id, bool draining) {
  impl_->gate->Post([impl = impl_.get(), id, draining] {
    impl->Tell(id, [draining](control::ServerEnd& end) { end.SetDraining(draining); });
  });
}

void RelayControl::SetKeys(std::uint32_t id,
                           std::vector<std::pair<std::uint8_t, relay::TagKey>> keys) {
  impl_->gate->Post([impl = impl_.get(), id, keys = std::move(keys)] {
    impl->Tell(id, [&keys](control::ServerEnd& end) { end.SetKeys(keys); });
  });
}

void RelayControl::Deny(std::uint32_t id, relay::CallKey call) {
  impl_->gate->Post([impl = impl_.get(), id, call] {
    impl->Tell(id, [call](control::ServerEnd& end) { end.Deny(call); });
  });
}

}  // namespace trunkline::relays
