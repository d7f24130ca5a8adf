// A program as a child process that ends with its owner at the latest. Every wait has a deadline.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace trunkline {

class ChildProcess {
 public:
  static constexpr std::chrono::milliseconds kPatience{20'000};

  // Runs the program that `arguments` starts with, looked for in PATH. What it writes to
  // `listened`, STDOUT_FILENO or STDERR_FILENO, is read here; the other one is ours.
  ChildProcess(std::vector<std::string> arguments, int listened);
  // What it writes to either goes nowhere.
  explicit ChildProcess(std::vector<std::string> arguments);
  ~ChildProcess();  // kill -9 if it still runs
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }  // -1: it couldn't be started, or its end has been waited for
  // With its end; without when the child ended or time passed before.
  std::string ReadLine(std::chrono::milliseconds patience = kPatience);
  // All that comes before the child closes.
  std::string ReadAll(std::chrono::milliseconds patience = kPatience);

  void Signal(int number);
  void Kill();  // kill -9, and waits until it is gone
  // The exit code; -1: a signal ended it, or it didn't end in time and was killed, or had been
  // waited for.
  int Wait(std::chrono::milliseconds patience = kPatience);
  bool Alive();

 private:
  std::string Read(bool line, std::chrono::milliseconds patience);
  bool Ended(std::chrono::milliseconds patience) const;

  pid_t pid_ = -1;
  int from_ = -1;
};

// Whether there is something to read before time has passed.
bool AwaitReadable(int descriptor, std::chrono::milliseconds patience);

}  // namespace trunkline
