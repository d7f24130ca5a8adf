// The pairs of a query by name; a name that is given twice, or not decodable, is blamed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/exchange.h"

namespace trunkline::api {

class Query {
 public:
  // Paths and names of the purge surface are the same in either case.
  explicit Query(const Exchange& exchange);

  // nullopt: absent, or wrong.
  std::optional<std::string> Text(std::string_view name);
  std::optional<std::int64_t> Number(std::string_view name, std::int64_t min, std::int64_t max);
  std::optional<bool> Flag(std::string_view name);
  std::optional<std::int64_t> Time(std::string_view name);
  std::vector<std::string> List(std::string_view name);  // between commas, empty ones left out
  void Blame(std::string_view name, std::string message);

  bool good() const { return wrongs_.empty(); }
  const std::vector<Wrong>& wrongs() const { return wrongs_; }

 private:
  const Pairs pairs_;
  const bool any_case_;
  std::vector<Wrong> wrongs_;
};

}  // namespace trunkline::api
