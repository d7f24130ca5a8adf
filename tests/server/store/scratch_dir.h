// A data directory of its own for each test, gone afterwards.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "server/book/fact.h"
#include "server/store/store.h"
#include "tests/server/store/world.h"
#include "tests/support/temp_dir.h"

namespace trunkline::store {

class ScratchDir : public testing::Test {
 protected:
  std::filesystem::path dir() const { return root_ / "data"; }
  std::string file() const { return (dir() / "trunkline.db").string(); }

  // No flush: faster, and no test here cuts the power.
  std::unique_ptr<Store> MustOpen(Store::Options options = {Durability::kNone}) const {
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(dir(), options);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  static std::vector<std::string> Restored(Store& store) {
    std::vector<std::string> facts;
    const absl::Status status =
        store.Restore([&facts](const book::Fact& fact) { facts.push_back(Describe(fact)); });
    EXPECT_TRUE(status.ok()) << status;
    return facts;
  }

 private:
  const TempDir root_;
};

// Facts of user 1, from the given version on, one after another.
inline std::vector<book::Fact> FactsOfOneUser(int first_version, int count) {
  std::vector<book::Fact> facts;
  for (int version = first_version; version < first_version + count; ++version) {
    book::FactBody body = book::fact::UserSeen{UserId(1), 1'000 * version};
    if (version == 1)
      body = book::fact::UserCreated{UserId(1), AccessHash(2), "999661", "A", "", false, "", 1};
    facts.push_back({book::Stream::kUser, 1, version, std::move(body)});
  }
  return facts;
}

}  // namespace trunkline::store
