// trunkline-relay: exit 0 after SIGTERM or SIGINT, 1 when it can't start or its server refuses it
// for a reason that doesn't heal, 2 for a wrong configuration.
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "common/log.h"
#include "common/process.h"
#include "relay/io/config.h"
#include "relay/io/control_link.h"
#include "relay/io/daemon.h"

namespace {

using trunkline::relay::Config;
using trunkline::relay::ControlLink;
using trunkline::relay::Daemon;

constexpr int kFailed = 1, kUsage = 2;

int Complain(const absl::Status& status, int exit_code) {
  std::fprintf(stderr, "trunkline-relay: %s\n", std::string(status.message()).c_str());
  return exit_code;
}

// Until no call is left, the time is over, or a second signal comes.
void Drain(Daemon& daemon, const sigset_t& signals) {
  const auto deadline = std::chrono::steady_clock::now() + daemon.config().drain_timeout;
  const timespec look{0, 50'000'000};
  while (daemon.figures().sessions != 0 && std::chrono::steady_clock::now() < deadline) {
    if (sigtimedwait(&signals, nullptr, &look) > 0) return;
  }
}

// When the relay may be used. CANCELLED: a signal came first.
absl::Status AwaitReady(ControlLink* link, const sigset_t& signals) {
  if (link == nullptr) return absl::OkStatus();
  const int descriptor = signalfd(-1, &signals, SFD_CLOEXEC);
  absl::Status status = link->WaitRegistered(descriptor);
  close(descriptor);
  return status;
}

int Run(const Config& config) {
  const sigset_t signals = trunkline::BlockSignals();
  trunkline::RaiseDescriptorLimit();
  using trunkline::relay::DerivedKeys;
  const auto daemon = Daemon::Start(config, DerivedKeys(config.secret, config.id));
  if (!daemon.ok()) return Complain(daemon.status(), kFailed);
  std::unique_ptr<ControlLink> link;
  if (!config.server.host.empty()) link = std::make_unique<ControlLink>(**daemon);
  const absl::Status ready = AwaitReady(link.get(), signals);
  if (!ready.ok() && !absl::IsCancelled(ready)) return Complain(ready, kFailed);
  if (ready.ok()) {
    std::printf("%s\n", (*daemon)->ReadyLine().c_str());
    std::fflush(stdout);
  }
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  trunkline::log::Info("draining");
  (*daemon)->SetLeaving(true);
  if (link != nullptr) link->Wake();
  Drain(**daemon, signals);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  using Action = trunkline::relay::CommandLine::Action;
  const auto line = trunkline::relay::ReadCommandLine(argc, argv);
  if (!line.ok()) return Complain(line.status(), kUsage);
  if (line->action == Action::kPrint) std::fputs(line->text.c_str(), stdout);
  if (line->action != Action::kRun) return 0;
  trunkline::log::Start(line->config.log_level);
  return Run(line->config);
}
