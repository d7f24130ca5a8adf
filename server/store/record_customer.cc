#include "server/store/record_customer.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

namespace trunkline::store {
namespace {

using records::Oid;

// One of the ways a customer can be in a row; ?1 is the organization, ?2 the user or the number's
// index. Asked side by side: a condition with OR would have all of the organization's rows read.
// newest_first: the order of the index, backwards. A call that was tried again is its successor's
// parent; going first, it would have the successor's row written once more.
struct Side {
  bool by_user = false;
  const char *calls, *newest_first, *sessions;
};
constexpr Side kSides[] = {
    {true, "other=?2 AND organization=?1", "id DESC",
     "callee=?2 AND customer&2 AND organization=?1"},
    {true, "owner=?2 AND other IS NOT NULL AND internal AND organization=?1",
     "other DESC,direction DESC,id DESC", "caller=?2 AND customer&1 AND organization=?1"},
    {false, "organization=?1 AND from_index=?2 AND (internal OR direction=0)",
     "to_index DESC,created_ms DESC,id DESC", "organization=?1 AND from_index=?2 AND customer&1"},
    {false,
     "organization=?1 AND to_index=?2 AND (direction=1 OR internal) "
     "AND NOT(internal AND from_index=?2)",
     "id DESC",
     "organization=?1 AND to_index=?2 AND customer&2 AND NOT(customer&1 AND from_index=?2)"},
};

// A call or, `call` being nullopt, a session without calls.
struct Found {
  std::optional<Oid> call;
  Oid session;
  std::int64_t began_ms = 0;
};

// What is asked of a side.
struct Statements {
  bool by_user = false;
  std::string calls, erasable_calls, any_call, sessions, erasable_sessions;
};
const std::vector<Statements>& All() {
  static const auto* const all = [] {
    auto* const made = new std::vector<Statements>;
    for (const Side& side : kSides) {
      made->push_back(
          {side.by_user,
           absl::StrCat("SELECT id,session,created_ms,seq FROM records WHERE ", side.calls),
           absl::StrCat("SELECT id FROM records WHERE ", side.calls,
                        " AND seq<=?3 AND phase=4 ORDER BY ", side.newest_first, " LIMIT ?4"),
           absl::StrCat("SELECT 1 FROM records WHERE ", side.calls, " AND seq<=?3 LIMIT 1"),
           absl::StrCat("SELECT NULL,id,started_ms,seq FROM record_sessions WHERE ", side.sessions),
           absl::StrCat("SELECT id FROM record_sessions WHERE ", side.sessions,
                        " AND seq<=?3 LIMIT ?4")});
    }
    return made;
  }();
  return *all;
}

// Runs one of the statements of each side that there is.
template <class Visit, class... Args>
absl::Status ForEachSide(SqlCache& sql, const Customer& customer, std::string Statements::*which,
                         Visit visit, const Args&... args) {
  for (const Statements& side : All()) {
    if (!side.by_user) {
      STORE_TRY(
          sql.ForEach(side.*which, visit, customer.organization, customer.number_index, args...));
    } else if (customer.user) {
      STORE_TRY(sql.ForEach(side.*which, visit, customer.organization, *customer.user, args...));
    }
  }
  return absl::OkStatus();
}

absl::Status ForEachId(SqlCache& sql, const Customer& customer, std::string Statements::*which,
                       std::int64_t upto_seq, int max, absl::FunctionRef<void(const Oid&)> visit) {
  int left = max;
  const auto counted = [&](const Statement& row) {
    if (left-- > 0) visit(OidOf(row, 0));
  };
  return ForEachSide(sql, customer, which, counted, upto_seq, max);
}

absl::StatusOr<Bytes> IndexOf(SqlCache& sql, std::int64_t organization, std::string_view number) {
  Bytes index;
  STORE_TRY(sql.First(
                   "SELECT blind(?,?)", [&index](const Statement& row) { index = row.BytesOf(0); },
                   organization, number)
                .status());
  return index;
}

absl::StatusOr<bool> IsKept(SqlCache& sql, const Customer& customer) {
  for (const std::string_view statement :
       {"SELECT 1 FROM records WHERE organization=? AND from_index=? LIMIT 1",
        "SELECT 1 FROM records WHERE organization=? AND to_index=? LIMIT 1",
        "SELECT 1 FROM record_sessions WHERE organization=? AND from_index=? LIMIT 1",
        "SELECT 1 FROM record_sessions WHERE organization=? AND to_index=? LIMIT 1"}) {
    STORE_LET(const auto any, sql.Int(statement, customer.organization, customer.number_index));
    if (any) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<Customer> FindCustomer(SqlCache& sql, std::int64_t organization,
                                      const std::string& number) {
  Customer customer{organization, {}, std::nullopt};
  STORE_LET(customer.number_index, IndexOf(sql, organization, number));
  std::string_view digits = number;
  if (number.starts_with('+')) {
    digits.remove_prefix(1);
  } else {
    STORE_LET(const bool kept, IsKept(sql, customer));
    if (kept) return customer;
    STORE_LET(customer.number_index, IndexOf(sql, organization, absl::StrCat("+", number)));
  }
  STORE_TRY(sql.First(
                   "SELECT id FROM users WHERE phone=?",
                   [&customer](const Statement& row) { customer.user = row.IdOf<UserId>(0); },
                   digits)
                .status());
  return customer;
}

// Sessions in the order in which they began, and so their calls.
absl::StatusOr<records::CustomerCalls> CallsOf(SqlCache& sql, const Customer& customer,
                                               bool what_if) {
  using records::PurgeItem;
  records::CustomerCalls calls;
  std::vector<Found> found;
  absl::flat_hash_map<Oid, std::int64_t> began;  // sessions
  const auto read = [&](const Statement& row) {
    const Found one{OptionalOid(row, 0), OidOf(row, 1), row.Int(2)};
    const auto [at, first] = began.try_emplace(one.session, one.began_ms);
    if (!first) at->second = std::min(at->second, one.began_ms);
    calls.newest_seq = std::max(calls.newest_seq, row.Int(3));
    found.push_back(one);
  };
  STORE_TRY(ForEachSide(sql, customer, &Statements::calls, read));
  STORE_TRY(ForEachSide(sql, customer, &Statements::sessions, read));
  const auto order = [&began](const Found& one) {
    return std::tuple(began[one.session], one.session, one.began_ms, one.call);
  };
  std::sort(found.begin(), found.end(),
            [&order](const Found& a, const Found& b) { return order(a) < order(b); });
  const auto status = what_if ? PurgeItem::Status::kWhatIf : PurgeItem::Status::kPurging;
  for (const Found& one : found) {
    calls.items.push_back({std::nullopt, one.session.Hex(), status, ""});
    if (one.call) calls.items.back().call = one.call->Hex();
  }
  return calls;
}

absl::Status ErasableCalls(SqlCache& sql, const Customer& customer, std::int64_t upto_seq, int max,
                           absl::FunctionRef<void(const Oid&)> visit) {
  return ForEachId(sql, customer, &Statements::erasable_calls, upto_seq, max, visit);
}

absl::Status ErasableSessions(SqlCache& sql, const Customer& customer, std::int64_t upto_seq,
                              int max, absl::FunctionRef<void(const Oid&)> visit) {
  return ForEachId(sql, customer, &Statements::erasable_sessions, upto_seq, max, visit);
}

absl::StatusOr<bool> AnyCall(SqlCache& sql, const Customer& customer, std::int64_t upto_seq) {
  bool any = false;
  STORE_TRY(ForEachSide(
      sql, customer, &Statements::any_call, [&any](const Statement&) { any = true; }, upto_seq));
  return any;
}

}  // namespace trunkline::store
