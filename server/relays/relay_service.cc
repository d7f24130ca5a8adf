#include "server/relays/relay_service.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "common/check.h"
#include "common/clock.h"
#include "common/entropy.h"
#include "common/gate.h"

namespace trunkline::relays {
namespace {

namespace net = boost::asio;

// After the key was sent; one may have been on its way then.
constexpr int kBeatsToNewKey = 2;
constexpr Duration kSnapshotEvery = std::chrono::seconds(1);

picker::EntryConfig EntryOf(const Joined& joined) {
  picker::EntryConfig relay;
  relay.id = picker::EntryId(joined.id);
  relay.ip = joined.ip;
  relay.ipv6 = joined.ipv6;
  relay.port = joined.port;
  relay.stacks = joined.stacks;
  relay.region = joined.region;
  relay.domain = joined.domain;
  relay.capacity = joined.capacity;
  relay.labels = joined.labels;
  return relay;
}

std::optional<relay::TagKey> KeyIn(const TagKeys& keys, std::uint8_t id) {
  const auto it = std::ranges::find(keys, id, [](const auto& key) { return key.first; });
  if (it == keys.end()) return std::nullopt;
  return it->second;
}

absl::Status NoSuchRelay(std::int64_t id) {
  return absl::NotFoundError(absl::StrCat("there is no relay ", id));
}

}  // namespace

// Waits for the disk, so that nobody else has to: not the book, and not those who ask over HTTP.
struct RelayService::Writer {
  Writer() : thread([this] { context.run(); }) {}
  ~Writer() {  // when what was asked before is done
    gate->Shut();
    guard.reset();
    thread.join();
  }
  net::io_context context{1};
  net::executor_work_guard<net::io_context::executor_type> guard = net::make_work_guard(context);
  const std::shared_ptr<Gate> gate = std::make_shared<Gate>(&context);
  std::thread thread;
};

struct RelayService::Shared : std::enable_shared_from_this<Shared> {
  Shared(AskDesk the_ask, RelayState the_state)
      : ask(std::move(the_ask)), state(std::move(the_state)) {}

  const AskDesk ask;

  mutable std::mutex mutex;  // guards what follows
  RelayState state;          // changed by the writer alone
  // Not null while the service lives; events hold no lock when they ask the desk.
  std::unique_ptr<RelayControl> control;
  // By relay: which key its tags carry, and beats since it was sent the one that is due.
  absl::flat_hash_map<std::uint32_t, std::uint8_t> minted;
  absl::flat_hash_map<std::uint32_t, int> beats_with_new_key;
  Snapshot latest;

  // ---- On the writer's thread.
  absl::Status Change(const std::function<absl::Status(RelayState&)>& change);
  void WriteDraining(std::int64_t id, bool draining, bool registers, const Drained& done);
  absl::StatusOr<int> Rotate();

  // ---- On the book's thread.
  WallTime looked{};

  void Join(book::RelayDesk& desk, const Joined& joined, const Answer& answer);
  void Mint(book::RelayDesk& desk, std::uint32_t relay);
  void Beaten(book::RelayDesk& desk, const Beat& beat, WallTime now);
  void Look(const book::RelayDesk& desk, WallTime now);
  void LookSometimes(const book::RelayDesk& desk, WallTime now) {
    if (now - looked >= kSnapshotEvery) Look(desk, now);
  }
};

void RelayService::Shared::Join(book::RelayDesk& desk, const Joined& joined, const Answer& answer) {
  if (const auto refusal = desk.Register(EntryOf(joined))) {
    return answer(refusal->no_room ? absl::ResourceExhaustedError(refusal->why)
                                   : absl::AlreadyExistsError(refusal->why));
  }
  Welcome welcome;
  {
    const std::lock_guard lock(mutex);
    welcome.keys = state.KeysOf(joined.id);
    welcome.draining = state.drained().contains(joined.id);
    Mint(desk, joined.id);
  }
  desk.SetDraining(picker::EntryId(joined.id), welcome.draining);
  answer(std::move(welcome));
}

void RelayService::Shared::Beaten(book::RelayDesk& desk, const Beat& beat, WallTime now) {
  if (!desk.Beat(beat.id, beat.load, beat.draining, now)) return;
  desk.SetDrops(beat.id, beat.drops);
  LookSometimes(desk, now);
  const std::lock_guard lock(mutex);
  if (control == nullptr || minted[beat.id] == state.current()) return;
  int& beats = beats_with_new_key[beat.id];
  if (beats == 0) control->SetKeys(beat.id, state.KeysOf(beat.id));
  if (beats++ == kBeatsToNewKey) Mint(desk, beat.id);
}

// The mutex is held.
void RelayService::Shared::Mint(book::RelayDesk& desk, std::uint32_t relay) {
  const std::uint8_t current = state.current();
  const auto key = KeyIn(state.KeysOf(relay), current);
  CHECK(key.has_value());
  desk.SetTagKey(relay, current, *key);
  minted[relay] = current;
  beats_with_new_key.erase(relay);
}

void RelayService::Shared::Look(const book::RelayDesk& desk, WallTime now) {
  looked = now;
  Snapshot snapshot{desk.List(now), desk.stats()};
  const std::lock_guard lock(mutex);
  latest = std::move(snapshot);
}

// One change at a time and in their order, so that no state overwrites a later one on the disk.
// The mutex, which heartbeats need, is held for the copies only.
absl::Status RelayService::Shared::Change(const std::function<absl::Status(RelayState&)>& change) {
  std::optional<RelayState> next;
  {
    const std::lock_guard lock(mutex);
    next.emplace(state);
  }
  const absl::Status status = change(*next);
  if (!status.ok()) return status;
  const std::lock_guard lock(mutex);
  state = *std::move(next);
  return absl::OkStatus();
}

void RelayService::Shared::WriteDraining(std::int64_t id, bool draining, bool registers,
                                         const Drained& done) {
  const absl::Status status =
      Change([id, draining](RelayState& changing) { return changing.SetDrained(id, draining); });
  if (!status.ok()) {
    return ask([status, done](book::RelayDesk&, WallTime) { done(status); });
  }
  if (registers) {
    const std::lock_guard lock(mutex);
    if (control != nullptr) control->SetDraining(static_cast<std::uint32_t>(id), draining);
  }
  ask([shared = shared_from_this(), id, draining, done](book::RelayDesk& desk, WallTime now) {
    if (!desk.SetDraining(picker::EntryId(id), draining)) return done(NoSuchRelay(id));
    shared->Look(desk, now);
    done(*desk.Find(picker::EntryId(id), now));
  });
}

absl::StatusOr<int> RelayService::Shared::Rotate() {
  const WallTime now = WallNow();
  SystemEntropy entropy;
  const absl::Status status =
      Change([now, &entropy](RelayState& changing) { return changing.Rotate(now, entropy); });
  if (!status.ok()) return status;
  const std::lock_guard lock(mutex);
  beats_with_new_key.clear();
  return state.current();
}

absl::StatusOr<std::unique_ptr<RelayService>> RelayService::Start(RelayServiceConfig config,
                                                                  AskDesk ask) {
  auto state = RelayState::Load(config.data_dir, config.secret);
  if (!state.ok()) return state.status();
  const std::set<std::int64_t> drained = state->drained();
  std::unique_ptr<RelayService> service(
      new RelayService(std::make_shared<Shared>(std::move(ask), *std::move(state))));
  service->shared_->ask([shared = service->shared_, drained](book::RelayDesk& desk, WallTime now) {
    for (const std::int64_t id : drained) desk.SetDraining(picker::EntryId(id), true);
    shared->Look(desk, now);
  });
  absl::Status status = service->StartProbes(config.configured);
  if (status.ok() && !config.control_host.empty()) status = service->StartControl(config);
  if (!status.ok()) return status;
  return service;
}

RelayService::RelayService(std::shared_ptr<Shared> shared)
    : shared_(std::move(shared)), writer_(std::make_unique<Writer>()) {}

RelayService::~RelayService() {
  prober_.reset();
  std::unique_ptr<RelayControl> control;
  {
    const std::lock_guard lock(shared_->mutex);
    control = std::move(shared_->control);
  }
}

absl::Status RelayService::StartControl(const RelayServiceConfig& config) {
  const std::shared_ptr<Shared> shared = shared_;
  Events events;
  events.joined = [shared](Joined joined, Answer answer) {
    shared->ask([shared, joined = std::move(joined), answer = std::move(answer)](
                    book::RelayDesk& desk, WallTime now) {
      shared->Join(desk, joined, answer);
      shared->Look(desk, now);
    });
  };
  events.beat = [shared](const Beat& beat) {
    shared->ask(
        [shared, beat](book::RelayDesk& desk, WallTime now) { shared->Beaten(desk, beat, now); });
  };
  events.flows = [shared](Flows flows) {
    shared->ask([flows = std::move(flows)](book::RelayDesk& desk, WallTime now) {
      for (const Flow& flow : flows.flows) {
        // Silence speaks against a relay when the call is over, not while it may yet begin.
        if (flow.ended || flow.summary.packets > 0) {
          desk.TakeFlow(flows.id, flow.key, flow.summary, now);
        }
        if (flow.ended) desk.TakeEnded(flows.id, flow.key, flow.caller, flow.callee);
      }
    });
  };
  events.gone = [shared](const Gone& gone) {
    shared->ask([shared, id = gone.id](book::RelayDesk& desk, WallTime now) {
      desk.Lose(id);
      shared->Look(desk, now);
    });
  };
  auto control = RelayControl::Start(config.control_host, config.control_port, config.secret,
                                     std::move(events));
  if (!control.ok()) return control.status();
  const std::lock_guard lock(shared_->mutex);
  shared_->control = *std::move(control);
  return absl::OkStatus();
}

absl::Status RelayService::StartProbes(const std::vector<book::RelayConfig>& configured) {
  std::vector<TurnServer> servers;
  for (const book::RelayConfig& relay : configured) {
    TurnServer server;
    server.id = picker::EntryId(relay.id);
    server.ip = relay.ip.empty() ? relay.ipv6 : relay.ip;
    server.port = static_cast<std::uint16_t>(relay.port);
    if (relay.kind == book::Connection::Kind::kWebrtc) {
      server.kind = relay.turn ? picker::Kind::kTurn : picker::Kind::kStun;
      server.secret = relay.turn_secret;
    } else if (!relay.tag_secret.empty()) {
      server.kind = picker::Kind::kReflector;
      server.secret = relay.tag_secret;
    } else {
      continue;  // of a foreign reflector nothing is known but that it is there
    }
    servers.push_back(std::move(server));
  }
  if (servers.empty()) return absl::OkStatus();
  const std::shared_ptr<Shared> shared = shared_;
  auto prober = TurnProber::Start(
      std::move(servers), [shared](picker::EntryId id, picker::Health health, std::string detail) {
        shared->ask(
            [shared, id, health, detail = std::move(detail)](book::RelayDesk& desk, WallTime now) {
              desk.SetHealth(id, health, detail);
              shared->Look(desk, now);
            });
      });
  if (!prober.ok()) return prober.status();
  prober_ = *std::move(prober);
  return absl::OkStatus();
}

std::optional<std::uint16_t> RelayService::control_port() const {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->control == nullptr) return std::nullopt;
  return shared_->control->port();
}

void RelayService::List(std::function<void(std::vector<book::RelayStatus>)> done) const {
  shared_->ask(
      [done = std::move(done)](book::RelayDesk& desk, WallTime now) { done(desk.List(now)); });
}

void RelayService::Show(std::int64_t id,
                        std::function<void(std::optional<book::RelayStatus>)> done) const {
  shared_->ask([id, done = std::move(done)](book::RelayDesk& desk, WallTime now) {
    done(desk.Find(picker::EntryId(id), now));
  });
}

void RelayService::Explain(CallId call,
                           std::function<void(std::optional<book::RelayExplanation>)> done) const {
  shared_->ask([call, done = std::move(done)](book::RelayDesk& desk, WallTime) {
    done(desk.Explain(call));
  });
}

void RelayService::SetDraining(std::int64_t id, bool draining, Drained done) {
  Show(id, [shared = shared_, way = writer_->gate, id, draining,
            done = std::move(done)](std::optional<book::RelayStatus> relay) {
    if (!relay) return done(NoSuchRelay(id));
    way->Post([shared, id, draining, registers = relay->registers, done] {
      shared->WriteDraining(id, draining, registers, done);
    });
  });
}

void RelayService::RotateSecret(std::function<void(absl::StatusOr<int>)> done) {
  if (!control_port()) {
    return done(
        absl::FailedPreconditionError("no relay can register: there is no --relay-control"));
  }
  writer_->gate->Post([shared = shared_, done = std::move(done)] { done(shared->Rotate()); });
}

RelayService::Snapshot RelayService::Latest() const {
  shared_->ask(
      [shared = shared_](const book::RelayDesk& desk, WallTime now) { shared->Look(desk, now); });
  const std::lock_guard lock(shared_->mutex);
  return shared_->latest;
}

}  // namespace trunkline::relays
