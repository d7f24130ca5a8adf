#include "tests/support/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "common/check.h"

namespace trunkline {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool AwaitReadable(int descriptor, milliseconds patience) {
  pollfd event{descriptor, POLLIN, 0};
  return poll(&event, 1, static_cast<int>(patience.count())) > 0;
}

namespace {

class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

pid_t Spawn(std::vector<std::string> arguments, FileActions& actions) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, argv[0], actions.get(), nullptr, argv.data(), environ);
  return error == 0 ? pid : -1;
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> arguments, int listened) {
  int ends[2];
  CHECK(pipe2(ends, O_CLOEXEC) == 0);
  from_ = ends[0];
  FileActions actions;
  posix_spawn_file_actions_adddup2(actions.get(), ends[1], listened);
  pid_ = Spawn(std::move(arguments), actions);
  close(ends[1]);
}

ChildProcess::ChildProcess(std::vector<std::string> arguments) {
  FileActions actions;
  for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_addopen(actions.get(), descriptor, "/dev/null", O_WRONLY, 0);
  }
  pid_ = Spawn(std::move(arguments), actions);
}

ChildProcess::~ChildProcess() {
  Kill();
  if (from_ >= 0) close(from_);
}

std::string ChildProcess::ReadLine(milliseconds patience) {
  return Read(/*line=*/true, patience);
}
std::string ChildProcess::ReadAll(milliseconds patience) {
  return Read(/*line=*/false, patience);
}

std::string ChildProcess::Read(bool line, milliseconds patience) {
  const auto deadline = steady_clock::now() + patience;
  std::string text;
  while (!line || !text.ends_with('\n')) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    char byte;
    if (!AwaitReadable(from_, std::max(left, milliseconds(0)))) break;
    if (read(from_, &byte, 1) != 1) break;
    text.push_back(byte);
  }
  return text;
}

void ChildProcess::Signal(int number) {
  if (pid_ > 0) kill(pid_, number);
}

void ChildProcess::Kill() {
  Signal(SIGKILL);
  Wait();
}

// A descriptor of the process becomes readable when it ends.
bool ChildProcess::Ended(milliseconds patience) const {
  const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  const bool ended = AwaitReadable(descriptor, patience);
  close(descriptor);
  return ended;
}

int ChildProcess::Wait(milliseconds patience) {
  if (pid_ <= 0) return -1;
  const bool ended = Ended(patience);
  if (!ended) kill(pid_, SIGKILL);
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  return ended && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool ChildProcess::Alive() {
  return pid_ > 0 && !Ended(milliseconds(0));
}

}  // namespace trunkline
