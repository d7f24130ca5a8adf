// A request of the operator's tool about call records while it is worked on. Private to this
// folder.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "boost/json.hpp"
#include "server/http/answer.h"
#include "server/records/ledger.h"

namespace trunkline::control {

// The members of a request. One of another type is noted, and refused before anything is done.
class Members {
 public:
  explicit Members(boost::json::object object) : object_(std::move(object)) {}

  // Absent or of another type: empty, `otherwise` and so on.
  std::string Text(const char* name);
  std::optional<std::string> TextIfAny(const char* name);
  bool Flag(const char* name);
  std::int64_t Number(const char* name, std::int64_t otherwise);
  std::vector<std::string> Texts(const char* name);
  bool Has(const char* name) const { return Find(name) != nullptr; }
  void Need(const char* name);
  // Empty: everything was as it should be.
  const std::string& fault() const { return fault_; }

 private:
  const boost::json::value* Find(const char* name) const { return object_.if_contains(name); }
  void Wrong(const boost::json::value* value, const char* name);

  const boost::json::object object_;
  std::string fault_;
};

// What its work finds is in `answer` when it has run.
struct Job {
  Members members;
  http::Answer answer = http::ErrorAnswer(500, "failed", "nothing was done");
  std::int64_t now_ms = 0;
  std::shared_ptr<const records::CustomerCalls> customer = nullptr;  // who is to be purged
};

http::Answer Unknown(std::string_view what, std::string_view name);
http::Answer Bad(std::string_view message);

}  // namespace trunkline::control
