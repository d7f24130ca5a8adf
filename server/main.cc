// trunkline-server: exit 0 after SIGTERM or SIGINT, 1 when it can't start, 2 for a wrong
// configuration.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "common/log.h"
#include "common/process.h"
#include "server/config.h"
#include "server/server.h"

namespace {

constexpr std::chrono::seconds kDrain{5};
constexpr int kFailed = 1, kUsage = 2;

int Complain(const absl::Status& status, int exit_code) {
  std::fprintf(stderr, "trunkline-server: %s\n", std::string(status.message()).c_str());
  return exit_code;
}

int Run(const trunkline::Config& config) {
  const sigset_t signals = trunkline::BlockSignals();
  trunkline::RaiseDescriptorLimit();
  const auto server = trunkline::Server::Start(config);
  if (!server.ok()) return Complain(server.status(), kFailed);
  std::printf("%s\n", (*server)->ReadyLine().c_str());
  std::fflush(stdout);
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  trunkline::log::Info("stopping");
  std::thread([signals] {
    int second = 0;
    sigwait(&signals, &second);
    _exit(kFailed);  // what was told is on the disk already
  }).detach();
  (*server)->Stop(std::chrono::steady_clock::now() + kDrain);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  using Action = trunkline::CommandLine::Action;
  const auto line = trunkline::ReadCommandLine(argc, argv);
  if (!line.ok()) return Complain(line.status(), kUsage);
  if (line->action == Action::kPrint) std::fputs(line->text.c_str(), stdout);
  if (line->action != Action::kRun) return 0;
  trunkline::log::Start(line->config.log_level);
  return Run(line->config);
}
