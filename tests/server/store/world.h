// Facts as a book would make them, by the thousand and in any mixture, and what a book's state
// looks like in text.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/book/fact.h"
#include "server/book/state.h"

namespace trunkline::store {

// One fact of each kind, every field filled, in the order of FactBody.
std::vector<book::FactBody> EveryKind();

std::string Describe(const book::FactBody& body);
std::string Describe(const book::Fact& fact);

// Everything durable of a book's state.
std::string Describe(const book::State& state);

// A small busy world: a dozen users, their keys, codes, contacts and calls. Reproducible.
class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {}
  book::Fact Next();
  std::vector<book::Fact> Next(int count);

 private:
  struct Key {
    AuthKeyId id;
    bool temporary = false;
  };
  struct Call {
    CallId id;
    UserId caller, callee;
    int step = 0;  // facts so far: requested, received, accepted, confirmed, ended
  };

  int Below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }
  UserId AnyUser() {
    return users_[static_cast<std::size_t>(Below(static_cast<int>(users_.size())))];
  }
  book::FactBody Body();
  book::FactBody NewUser();
  book::FactBody NewKey();
  book::FactBody OfKey();
  book::FactBody OfUser();
  book::FactBody Deletion(UserId owner);
  book::FactBody OfPhone();
  book::FactBody NewCall();
  book::FactBody OfCall();
  book::FactBody End(const Call& call);

  std::mt19937_64 random_;
  std::int64_t now_ms_ = 1'700'000'000'000;
  std::vector<UserId> users_;
  std::vector<Key> keys_;
  std::vector<Call> calls_;
  absl::flat_hash_map<UserId, std::int32_t> pts_, last_ids_;  // of messages
  absl::flat_hash_map<std::pair<int, std::int64_t>, std::int32_t> versions_;
};

}  // namespace trunkline::store
