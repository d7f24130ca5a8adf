// Keys, users, contacts, blocks, privacy and login codes: facts folded into their tables one by
// one. Such facts are rare beside those of calls.
#pragma once

#include <array>
#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/book/fact.h"
#include "server/store/sqlite.h"

namespace trunkline::store {

class EntityTables {
 public:
  // `database` is borrowed and outlives the tables.
  static absl::StatusOr<EntityTables> Open(Database* database);

  // `fact` is journal row `seq`, of any stream but kCall. Internal when it doesn't continue what
  // the tables hold: its entity is unknown, or has this version already.
  absl::Status Fold(std::int64_t seq, const book::Fact& fact);

 private:
  enum Sql : std::uint8_t {
    kKeyCreated,
    kKeyDestroyed,
    kKeyInitialised,
    kKeyBound,
    kSignedIn,
    kSignedOut,
    kCallsDisabled,
    kCodeIssued,
    kCodesForget,
    kCodesTrim,
    kCodeTried,
    kCodeEnded,
    kUserCreated,
    kUserSeen,
    kUserVersion,
    kContactAdded,
    kContactRemoved,
    kBlocked,
    kUnblocked,
    kPrivacySet,
    kMessageGone,
    kMessageDeleted,
    kSqlCount,
  };
  struct Folding {
    EntityTables& tables;
    std::int64_t seq;
    const book::Fact& row;

    absl::Status operator()(const book::fact::KeyCreated& fact);
    absl::Status operator()(const book::fact::KeyDestroyed& fact);
    absl::Status operator()(const book::fact::KeyInitialised& fact);
    absl::Status operator()(const book::fact::KeyBound& fact);
    absl::Status operator()(const book::fact::SignedIn& fact);
    absl::Status operator()(const book::fact::SignedOut& fact);
    absl::Status operator()(const book::fact::CallsDisabled& fact);
    absl::Status operator()(const book::fact::CodeIssued& fact);
    absl::Status operator()(const book::fact::CodeTried& fact);
    absl::Status operator()(const book::fact::CodeEnded& fact);
    absl::Status operator()(const book::fact::UserCreated& fact);
    absl::Status operator()(const book::fact::UserSeen& fact);
    absl::Status operator()(const book::fact::ContactAdded& fact);
    absl::Status operator()(const book::fact::ContactRemoved& fact);
    absl::Status operator()(const book::fact::BlockedChanged& fact);
    absl::Status operator()(const book::fact::PrivacySet& fact);
    absl::Status operator()(const book::fact::MessageDeleted& fact);
    template <class CallFact>
    absl::Status operator()(const CallFact&) {
      return absl::InternalError("a fact of a call in another stream");
    }

    // A change that has to find its entity.
    template <class... Args>
    absl::Status Change(Sql sql, const Args&... args);
    // A change that need not find anything.
    template <class... Args>
    absl::Status Run(Sql sql, const Args&... args);
    absl::Status NextUserVersion();
  };

  std::array<Statement, kSqlCount> statements_;
};

// Tables back into facts: applied in this order to an empty book, they give what the folded facts
// gave. All facts of one entity carry its last version, so that the book continues from it.
absl::Status ReplayEntities(Database& database, absl::FunctionRef<void(const book::Fact&)> apply);

}  // namespace trunkline::store
