#include "server/relays/relay_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"

namespace trunkline::relays {
namespace {

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

}  // namespace

struct RelayService::Shared {
  Shared(AskDesk the_ask, RelayState the_state)
      : ask(std::move(the_ask)), state(std::move(the_state)) {}

  const AskDesk ask;

  mutable std::mutex mutex;  // guards what follows
  RelayState state;
  SystemEntropy entropy;
  // Not null while the service lives; events hold no lock when they ask the desk.
  std::unique_ptr<RelayControl> control;
  // By relay: which key its tags carry, and beats since it was sent the one that is due.
  absl::flat_hash_map<std::uint32_t, std::uint8_t> minted;
  absl::flat_hash_map<std::uint32_t, int> beats_with_new_key;
  Snapshot latest;

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
  if (auto complaint = desk.Register(EntryOf(joined))) {
    return answer(absl::AlreadyExistsError(*complaint));
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

void RelayService::SetDraining(std::int64_t id, bool draining,
                               std::function<void(absl::StatusOr<book::RelayStatus>)> done) {
  // The file is written on the book's thread: rare, and no longer than a group's flush.
  Show(id, [shared = shared_, id, draining,
            done = std::move(done)](std::optional<book::RelayStatus> relay) {
    if (!relay) return done(absl::NotFoundError(absl::StrCat("there is no relay ", id)));
    {
      const std::lock_guard lock(shared->mutex);
      const absl::Status status = shared->state.SetDrained(id, draining);
      if (!status.ok()) return done(status);
      if (shared->control != nullptr && relay->registers) {
        shared->control->SetDraining(static_cast<std::uint32_t>(id), draining);
      }
    }
    shared->ask([shared, id, draining, done](book::RelayDesk& desk, WallTime now) {
      desk.SetDraining(picker::EntryId(id), draining);
      shared->Look(desk, now);
      done(*desk.Find(picker::EntryId(id), now));
    });
  });
}

absl::StatusOr<int> RelayService::RotateSecret() {
  const WallTime now =
      std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  const std::lock_guard lock(shared_->mutex);
  if (shared_->control == nullptr) {
    return absl::FailedPreconditionError("no relay can register: there is no --relay-control");
  }
  const absl::Status status = shared_->state.Rotate(now, shared_->entropy);
  if (!status.ok()) return status;
  shared_->beats_with_new_key.clear();
  return shared_->state.current();
}

RelayService::Snapshot RelayService::Latest() const {
  shared_->ask(
      [shared = shared_](const book::RelayDesk& desk, WallTime now) { shared->Look(desk, now); });
  const std::lock_guard lock(shared_->mutex);
  return shared_->latest;
}

}  // namespace trunkline::relays
