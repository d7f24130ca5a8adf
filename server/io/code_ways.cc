// A program of the operator's that CodeDelivery hands a code to.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/io/code_delivery.h"

namespace trunkline::io {
namespace {

class SpawnSetup {
 public:
  // Standard input from `input`; output and errors to /dev/null, because a program may repeat what
  // it was given. Signals as a fresh process expects them.
  explicit SpawnSetup(int input) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, input, 0);
    posix_spawn_file_actions_addopen(&actions_, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, 2, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
    posix_spawnattr_init(&attributes_);
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  int Spawn(pid_t* child, const std::string& program) const {
    char* const arguments[] = {const_cast<char*>(program.c_str()), nullptr};
    return posix_spawn(child, program.c_str(), &actions_, &attributes_, arguments, environ);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

// Waits for our own child by its descriptor, which has a deadline where waitpid has none.
absl::Status AwaitChild(pid_t child, Duration timeout) {
  const int watch = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  pollfd ready{.fd = watch, .events = POLLIN, .revents = 0};
  const int polled = watch < 0 ? -1 : poll(&ready, 1, static_cast<int>(timeout.count()));
  if (watch >= 0) close(watch);
  if (polled <= 0) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (polled <= 0) return absl::DeadlineExceededError("code.command took too long");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  if (WIFEXITED(status)) {
    return absl::UnavailableError(absl::StrCat("code.command exited ", WEXITSTATUS(status)));
  }
  return absl::UnavailableError("code.command was ended by a signal");
}

}  // namespace

absl::Status RunCodeCommand(const std::string& program, const std::string& line, Duration timeout) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::UnavailableError("no pipe for code.command");
  pid_t child = 0;
  const int error = SpawnSetup(ends[0]).Spawn(&child, program);
  close(ends[0]);
  if (error != 0) {
    close(ends[1]);
    return absl::ErrnoToStatus(error, "code.command can't be started");
  }
  // A line fits any pipe, so this never blocks; a program that doesn't read it shows in its exit
  // code.
  const ssize_t written = write(ends[1], line.data(), line.size());
  close(ends[1]);
  const absl::Status ended = AwaitChild(child, timeout);
  if (!ended.ok()) return ended;
  if (written != static_cast<ssize_t>(line.size())) {
    return absl::UnavailableError("code.command did not read its input");
  }
  return absl::OkStatus();
}

}  // namespace trunkline::io
