#include "relay/io/control_link.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/log.h"
#include "relay/control/limits.h"
#include "relay/io/addresses.h"
#include "relay/io/load_meter.h"

namespace trunkline::relay {
namespace {

constexpr Duration kRetryMin{200}, kRetryMax{5'000};
constexpr std::uint64_t kFlowsEveryMicros = 1'000'000;
// Flows wait here, not in a socket that takes none.
constexpr std::size_t kUnsentMax = 256 * 1024;
constexpr std::size_t kFlowsKeptMax = 100'000;
// The same trouble is said again after so long.
constexpr std::uint64_t kSayAgainMicros = 60'000'000;

bool IsLive(const FlowSummary& flow) {
  return flow.ended == WallTime{};
}

KeyRing RingOf(const control::KeySet& keys) {
  KeyRing ring;
  for (const auto& [id, key] : keys) ring.Set(id, key);
  return ring;
}

}  // namespace

ControlLink::ControlLink(Daemon& daemon)
    : daemon_(daemon),
      server_(HostPortText(daemon.config().server)),
      tls_(crypto::TlsRole::kClient, daemon.config().secret),
      instance_(entropy_.U64()),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      verdict_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  CHECK(wake_ >= 0 && verdict_ >= 0);
  thread_ = std::thread([this] { Run(); });
}

ControlLink::~ControlLink() {
  stop_ = true;
  Wake();
  thread_.join();
  close(wake_);
  close(verdict_);
}

void ControlLink::Wake() {
  eventfd_write(wake_, 1);
}

absl::Status ControlLink::WaitRegistered(int descriptor) {
  pollfd events[] = {{verdict_, POLLIN, 0}, {descriptor, POLLIN, 0}};
  while (poll(events, 2, -1) < 0) CHECK(errno == EINTR);
  if (events[0].revents == 0) return absl::CancelledError();
  const std::lock_guard lock(mutex_);
  return refused_;
}

void ControlLink::Run() {
  Duration retry = kRetryMin;
  bool registered_before = false;
  while (!stop_) {
    const Outcome outcome = RunOnce();
    registered_before |= outcome.registered;
    if (outcome.registered) retry = kRetryMin;
    if (stop_) return;
    if (outcome.final && !registered_before) {
      {
        const std::lock_guard lock(mutex_);
        refused_ = absl::FailedPreconditionError(outcome.why);
      }
      eventfd_write(verdict_, 1);
      return;
    }
    Say(outcome.why);
    WaitBeforeRetry(retry);
    retry = std::min(2 * retry, kRetryMax);
  }
}

// A quarter more or less, so that relays don't come in step when a server is back.
void ControlLink::WaitBeforeRetry(Duration delay) {
  const auto quarter = static_cast<std::uint64_t>(delay.count()) / 4;
  const std::uint64_t wait_ms = 3 * quarter + entropy_.U64() % (2 * quarter);
  const std::uint64_t until_us = ControlNow().micros + wait_ms * 1000;
  for (std::uint64_t now = ControlNow().micros; !stop_ && now < until_us;
       now = ControlNow().micros) {
    pollfd event{wake_, POLLIN, 0};
    poll(&event, 1, static_cast<int>((until_us - now) / 1000 + 1));
    eventfd_t ignored = 0;
    eventfd_read(wake_, &ignored);
  }
}

void ControlLink::Say(const std::string& text) {
  const std::uint64_t now_us = ControlNow().micros;
  if (text == said_ && now_us - said_us_ < kSayAgainMicros) return;
  said_ = text;
  said_us_ = now_us;
  log::Warn("{}", text);
}

control::Registration ControlLink::MakeRegistration() const {
  const Config& config = daemon_.config();
  control::Registration registration;
  registration.id = config.id;
  registration.instance = instance_;
  for (const HostPort* const at : {&config.advertise, &config.advertise_ipv6}) {
    if (at->host.empty()) continue;
    const Ip ip = EndpointOf(AddressOf(*at).name).ip;
    (IsIpv4(ip) ? registration.ipv4 : registration.ipv6) = ip;
  }
  registration.port = config.advertise.port;
  registration.tcp = true;
  registration.stacks = 3;
  registration.region = config.region;
  registration.domain = config.domain;
  registration.labels = config.labels;
  registration.packets_per_second = static_cast<float>(config.capacity_packets);
  registration.bits_per_second = static_cast<float>(config.capacity_bits);
  registration.calls = static_cast<float>(config.capacity_calls);
  registration.program = kProgramVersion;
  registration.live_calls = static_cast<std::uint32_t>(daemon_.figures().sessions);
  return registration;
}

ControlLink::Outcome ControlLink::RunOnce() {
  Outcome outcome;
  ControlConnection connection(tls_, daemon_.config().server, wake_);
  if (!connection.Open([this] { return stop_.load(); })) {
    outcome.why =
        connection.wrong_secret()
            ? absl::StrCat("the server at ", server_, " refused this relay: the secret is wrong")
            : absl::StrCat("no link to the server at ", server_, ": ", connection.error());
    return outcome;
  }
  // They are old, and will be told anew.
  std::erase_if(flows_, IsLive);
  connection.Register(MakeRegistration());
  control::RelayEnd& end = connection.end();
  LoadMeter meter(daemon_.config().threads);
  std::uint64_t gathered_us = 0;
  for (;;) {
    TakeEvents(end, outcome);
    if (end.ended()) break;
    if (stop_) {
      Leave(connection);
      break;
    }
    const Moment now = ControlNow();
    if (end.registered() && now.micros - gathered_us >= kFlowsEveryMicros) {
      GatherFlows();
      gathered_us = now.micros;
    }
    TellFlows(connection, kUnsentMax);
    end.Tick(meter.Measure(daemon_.figures(), now.micros), daemon_.leaving(), now);
    if (!connection.Exchange(end.NextDeadline())) {
      outcome.why = absl::StrCat("lost the server at ", server_, ": ", connection.error());
      break;
    }
  }
  daemon_.ReportLive(false);
  Keep(end.TakeUnheard());
  return outcome;
}

void ControlLink::TakeEvents(control::RelayEnd& end, Outcome& outcome) {
  while (const auto event = end.Poll()) {
    if (const auto* const welcome = std::get_if<control::Welcome>(&*event)) {
      outcome.registered = true;
      Take(*welcome);
    } else if (const auto* const refusal = std::get_if<control::Refusal>(&*event)) {
      outcome.final = control::IsFinal(refusal->reason);
      outcome.why = absl::StrCat("the server at ", server_, " refused this relay: ", refusal->text);
    } else if (const auto* const keys = std::get_if<control::NewKeys>(&*event)) {
      if (!keys->keys.empty()) daemon_.SetKeys(RingOf(keys->keys));
    } else if (const auto* const drain = std::get_if<control::DrainOrder>(&*event)) {
      daemon_.SetOffersStopped(drain->on);
    } else if (const auto* const deny = std::get_if<control::DenyOrder>(&*event)) {
      daemon_.Deny(deny->call);
    } else if (outcome.why.empty()) {
      outcome.why = absl::StrCat("lost the server at ", server_, ": ",
                                 std::get<control::RelayEnd::Ended>(*event).why);
    }
  }
}

void ControlLink::Take(const control::Welcome& welcome) {
  if (!welcome.keys.empty()) daemon_.SetKeys(RingOf(welcome.keys));
  daemon_.SetOffersStopped(welcome.draining);
  daemon_.ReportLive(true);
  said_.clear();
  log::Info("registered with the server at {}", server_);
  eventfd_write(verdict_, 1);
}

// While nobody takes them the oldest stay: what is told of a call is worth more than what is told
// again.
void ControlLink::GatherFlows() {
  std::vector<FlowSummary> more = daemon_.TakeSummaries();
  const std::size_t room = kFlowsKeptMax - std::min(kFlowsKeptMax, flows_.size());
  more.resize(std::min(more.size(), room));
  flows_.insert(flows_.end(), more.begin(), more.end());
}

// For the next link, before what has never been told.
void ControlLink::Keep(std::vector<FlowSummary> unheard) {
  const std::size_t room = kFlowsKeptMax - std::min(kFlowsKeptMax, unheard.size());
  unheard.insert(unheard.end(), flows_.begin(),
                 flows_.begin() + static_cast<std::ptrdiff_t>(std::min(room, flows_.size())));
  flows_ = std::move(unheard);
}

void ControlLink::TellFlows(ControlConnection& connection, std::size_t unsent_max) {
  if (!connection.end().registered()) return;
  std::span<const FlowSummary> rest = flows_;
  std::size_t queued = connection.unsent();
  // A server that answers no heartbeat makes the relay keep no more than when there is none.
  while (!rest.empty() && queued < unsent_max && connection.end().unheard() < kFlowsKeptMax) {
    connection.end().Report(rest);
    queued += control::kFrameBytesMax;
  }
  flows_.erase(flows_.begin(), flows_.end() - static_cast<std::ptrdiff_t>(rest.size()));
}

void ControlLink::Leave(ControlConnection& connection) {
  GatherFlows();
  TellFlows(connection, kFlowsKeptMax * control::kFlowBytesMax);
  connection.end().Leave("it stops");
  connection.Finish();
}

}  // namespace trunkline::relay
