#include "server/io/node.h"

#include <algorithm>
#include <future>
#include <utility>

#include "common/clock.h"
#include "common/log.h"
#include "server/io/key_files.h"

namespace trunkline::io {
namespace {

// 33 MB, half of what the log may hold before a checkpoint. The rest comes with the first round.
constexpr int kLogPagesReserved = 8'000;

using Deadline = std::chrono::steady_clock::time_point;

store::Durability StoreDurability(Durability durability) {
  switch (durability) {
    case Durability::kOs:
      return store::Durability::kOs;
    case Durability::kNone:
      return store::Durability::kNone;
    case Durability::kFsync:
      break;
  }
  return store::Durability::kFsync;
}

// What clients can reach when we listen on every address of the machine: at least those on it.
std::string Reachable(const std::string& host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  if (host == "::") return "::1";
  return host;
}

// Counts down on other threads; shared, because a waiter may give up.
class Countdown {
 public:
  explicit Countdown(unsigned count) : left_(count) {}
  void Done() {
    if (--left_ == 0) all_.set_value();
  }
  bool Await(Deadline deadline) {
    return all_.get_future().wait_until(deadline) == std::future_status::ready;
  }

 private:
  std::atomic<unsigned> left_;
  std::promise<void> all_;
};

}  // namespace

Node::Node(NodeConfig config)
    : config_(std::move(config)),
      switchboard_(config_.threads),
      admission_(config_.limits.connections_max, config_.limits.connections_per_address_max) {}

Node::~Node() {
  Stop(std::chrono::steady_clock::now());
}

absl::StatusOr<std::unique_ptr<Node>> Node::Start(NodeConfig config) {
  std::unique_ptr<Node> node(new Node(std::move(config)));
  const absl::Status status = node->Open();
  if (!status.ok()) return status;
  return node;
}

absl::Status Node::Open() {
  CHECK(config_.threads >= 1 && config_.threads <= kThreadsMax);
  // The directory's lock comes first: a second server must not touch anything in it.
  auto store = store::Store::Open(
      config_.data_dir,
      {.durability = StoreDurability(config_.durability), .log_pages_reserved = kLogPagesReserved});
  if (!store.ok()) return store.status();
  const auto key = LoadOrMakeServerKey(config_.data_dir);
  if (!key.ok()) return key.status();
  fingerprint_ = key->fingerprint();
  std::vector<Bound> bound;
  absl::Status status = BindAll(bound);
  if (!status.ok()) return status;
  Configure(bound);
  delivery_ = std::make_unique<CodeDelivery>(config_.code, &switchboard_.stats());
  book_ = std::make_unique<BookLoop>(std::move(*store), config_, &switchboard_, delivery_.get());
  status = book_->Restore();
  if (!status.ok()) return status;
  MakeLoops(*key);
  InstallKeys();
  status = ListenAll(bound);
  if (!status.ok()) return status;
  running_ = true;
  book_->Start();
  for (auto& loop : loops_) loop->Start();
  return absl::OkStatus();
}

absl::Status Node::BindAll(std::vector<Bound>& bound) {
  for (const HostPort& address : config_.listen) {
    auto one = Bind(address, config_.threads);
    if (!one.ok()) return one.status();
    addresses_.push_back(one->address);
    bound.push_back(std::move(*one));
  }
  return absl::OkStatus();
}

void Node::Configure(const std::vector<Bound>& bound) {
  std::vector<HostPort> advertised = config_.advertise;
  if (advertised.empty()) {
    for (const Bound& one : bound) {
      advertised.push_back({Reachable(one.address.host), one.address.port});
    }
  }
  config_.book.code_delivery = config_.code.enabled();
  if (config_.book.relays.empty() && !config_.relays_register && !advertised.empty()) {
    log::Warn("no relay is configured; calls are offered one at port {} of this server",
              kDefaultRelayPort);
    book::RelayConfig relay;
    relay.id = 1;
    const HostPort& own = advertised.front();
    (own.host.find(':') == std::string::npos ? relay.ip : relay.ipv6) = own.host;
    relay.port = kDefaultRelayPort;
    config_.book.relays.push_back(std::move(relay));
  }
  dispatcher_.dc = config_.dc;
  dispatcher_.receive_timeout = config_.book.receive_timeout;
  dispatcher_.ring_timeout = config_.book.ring_timeout;
  dispatcher_.connect_timeout = config_.book.connect_timeout;
  for (const HostPort& address : advertised) {
    dispatcher_.addresses.push_back({.ip = address.host,
                                     .port = address.port,
                                     .ipv6 = address.host.find(':') != std::string::npos});
  }
}

void Node::MakeLoops(const crypto::RsaPrivateKey& key) {
  crypto_ = std::make_unique<CryptoPool>(config_.crypto_threads, key, &switchboard_);
  mtproto::EngineConfig engine;
  engine.rsa_fingerprints = {key.fingerprint()};
  SystemEntropy().Fill(engine.salt_secret.mutable_view());
  const LinkLoop::Shared shared{&switchboard_, &admission_, crypto_.get()};
  for (unsigned i = 0; i < config_.threads; ++i) {
    loops_.push_back(std::make_unique<LinkLoop>(i, config_.limits, engine, dispatcher_, shared));
  }
}

void Node::InstallKeys() {
  const WallTime now = WallNow();
  for (const book::KeyStored& stored : book_->book().StoredKeys()) {
    loops_[switchboard_.HomeOf(stored.id)]->home().Install(RecordOf(stored));
  }
  for (const book::KeyInfo& info : book_->book().KeyInfos()) {
    loops_[switchboard_.HomeOf(info.id)]->home().Install(info, now);
  }
}

absl::Status Node::ListenAll(std::vector<Bound>& bound) {
  for (Bound& one : bound) {
    for (unsigned i = 0; i < config_.threads; ++i) {
      const absl::Status status = loops_[i]->Listen(std::move(one.sockets[i]));
      if (status.ok()) continue;
      return absl::Status(status.code(), "can't listen on " + one.address.host + ":" +
                                             std::to_string(one.address.port) + ": " +
                                             std::string(status.message()));
    }
  }
  return absl::OkStatus();
}

// ---- Stopping
// -------------------------------------------------------------------------------------

// Runs `work` on each link thread, after everything posted before it.
bool Node::FenceLinks(Deadline deadline, void (*work)(LinkLoop&)) {
  const auto all = std::make_shared<Countdown>(config_.threads);
  for (unsigned i = 0; i < config_.threads; ++i) {
    LinkLoop* const loop = loops_[i].get();
    switchboard_.link(i).Post(Task([all, loop, work] {
      if (work != nullptr) work(*loop);
      all->Done();
    }));
  }
  return all->Await(deadline);
}

bool Node::FenceBook(Deadline deadline) {
  const auto one = std::make_shared<Countdown>(1);
  switchboard_.book().Post(Task([one] { one->Done(); }));
  return one->Await(deadline);
}

void Node::AwaitFlushed(Deadline deadline) {
  const auto all = std::make_shared<Countdown>(config_.threads);
  for (unsigned i = 0; i < config_.threads; ++i) {
    LinkLoop* const loop = loops_[i].get();
    switchboard_.link(i).Post(Task([all, loop] { loop->WhenFlushed([all] { all->Done(); }); }));
  }
  all->Await(deadline);
}

void Node::Stop(Deadline deadline) {
  if (!std::exchange(running_, false)) return;
  switchboard_.stats().draining.store(true);
  bool going = FenceLinks(deadline, [](LinkLoop& loop) { loop.StopInput(); });
  // A packet may cross to another thread, its query may be parked behind one command and become the
  // next: links and book twice, and every answer is on its way out.
  for (int round = 0; going && round < 3; ++round) {
    going = FenceLinks(deadline, nullptr) && FenceBook(deadline);
  }
  if (going && FenceLinks(deadline, nullptr)) AwaitFlushed(deadline);
  for (auto& loop : loops_) loop->Stop();
  // Links that closed have told the book.
  book_->Stop(deadline);
  crypto_.reset();
}

}  // namespace trunkline::io
