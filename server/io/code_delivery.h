// Hands login codes to people: by a configured program or a webhook, on a thread of its own, so
// that neither can hold up the book. Failures are logged without number and code.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "server/io/node_config.h"
#include "server/io/stats.h"

namespace trunkline::io {

// Codes that wait; more are dropped, and their owners ask for another.
inline constexpr std::size_t kCodesWaitingMax = 256;

class CodeDelivery {
 public:
  // `stats` outlives the object. No thread runs while nothing is configured.
  CodeDelivery(CodeDeliveryConfig config, Stats* stats);
  ~CodeDelivery();  // drops what waits, joins

  // Any thread.
  void Deliver(std::string phone, std::string code);

 private:
  struct Letter {
    std::string phone, code;
  };
  void Run();
  absl::Status Send(const Letter& letter) const;

  const CodeDeliveryConfig config_;
  Stats* const stats_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Letter> letters_;
  bool stopping_ = false;
  std::thread thread_;
};

// Errors name what failed, never the number or the code.
absl::Status RunCodeCommand(const std::string& program, const std::string& line, Duration timeout);

}  // namespace trunkline::io
