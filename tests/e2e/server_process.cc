#include "tests/e2e/server_process.h"
#include "tests/paths.h"

#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace trunkline::e2e {
namespace {

constexpr int kStopPatienceMs = 20'000;

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "trunkline-e2e.XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) std::perror("mkdtemp");
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

ServerProcess::ServerProcess(const std::string& data_dir, std::vector<std::string> more_arguments,
                             std::uint16_t port, std::chrono::milliseconds patience)
    : data_dir_(data_dir) {
  std::vector<std::string> arguments = {TRUNKLINE_BINARY_DIR "/bin/trunkline-server",
                                        "--data-dir",
                                        data_dir,
                                        "--listen",
                                        "127.0.0.1:" + std::to_string(port),
                                        "--http",
                                        "127.0.0.1:0",
                                        "--test-code",
                                        kCode,
                                        "--log-level",
                                        "error"};
  arguments.insert(arguments.end(), more_arguments.begin(), more_arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  int out[2];
  if (pipe(out) != 0) return;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, out[0]);
  posix_spawn_file_actions_addclose(&actions, out[1]);
  if (posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ) != 0) pid_ = -1;
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  if (pid_ > 0 && !ReadReadyLine(out[0], patience)) Kill();
  close(out[0]);
}

ServerProcess::~ServerProcess() {
  Kill();
}

bool ServerProcess::ReadReadyLine(int from, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (ready_line_.empty() || ready_line_.back() != '\n') {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd event{from, POLLIN, 0};
    char byte;
    if (left.count() <= 0 || poll(&event, 1, static_cast<int>(left.count())) <= 0) return false;
    if (read(from, &byte, 1) != 1) return false;
    ready_line_.push_back(byte);
  }
  ready_line_.pop_back();
  unsigned port = 0;
  if (std::sscanf(ready_line_.c_str(), "ready mtproto=127.0.0.1:%u", &port) != 1) return false;
  port_ = static_cast<std::uint16_t>(port);
  return port_ != 0;
}

boost::asio::ip::tcp::endpoint ServerProcess::endpoint() const {
  return {boost::asio::ip::address_v4::loopback(), port_};
}

crypto::RsaPublicKey ServerProcess::PublicKey() const {
  std::ifstream file(data_dir_ + "/server_public.pem");
  const std::string pem((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return *crypto::RsaPublicKey::FromPem(pem);
}

int ServerProcess::Wait(bool until_end) {
  if (pid_ <= 0) return 0;
  // A descriptor of the process becomes readable when it ends, so waiting has a deadline.
  const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  pollfd event{descriptor, POLLIN, 0};
  const int ended = poll(&event, 1, until_end ? kStopPatienceMs : 0);
  close(descriptor);
  if (ended <= 0) return 0;
  waitpid(pid_, &exit_status_, 0);
  pid_ = -1;
  return 1;
}

void ServerProcess::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  Wait(/*until_end=*/true);
}

int ServerProcess::Stop() {
  if (pid_ <= 0) return -1;
  kill(pid_, SIGTERM);
  if (Wait(/*until_end=*/true) == 0) return -1;
  return WIFEXITED(exit_status_) ? WEXITSTATUS(exit_status_) : -1;
}

bool ServerProcess::Alive() {
  Wait(/*until_end=*/false);
  return pid_ > 0;
}

}  // namespace trunkline::e2e
