// The tool's side of the control socket. Blocking: the tool has nothing else to do.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace trunkline::tool {

// What the tool's process returns.
inline constexpr int kOk = 0, kFailed = 1, kUsage = 2, kNotFound = 3, kRefused = 4,
                     kUnreachable = 5;

// Why there is no answer, in one line that names the data directory.
struct Failure {
  std::string text;
  int exit_code = kFailed;
};

class Client {
 public:
  explicit Client(std::string data_dir) : data_dir_(std::move(data_dir)) {}

  const std::string& data_dir() const { return data_dir_; }

  // The body of a 200; whatever else the server says is a failure.
  Result<std::string, Failure> Get(const std::string& target) const;
  Result<std::string, Failure> Post(const std::string& target, std::string body) const;

  // Every line of a body that goes on, until the server ends it or `line` says false. The number
  // of lines.
  Result<std::size_t, Failure> Follow(const std::string& target,
                                      const std::function<bool(std::string_view)>& line) const;

 private:
  std::string data_dir_;
};

}  // namespace trunkline::tool
