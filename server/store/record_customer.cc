#include "server/store/record_customer.h"

#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"

namespace trunkline::store {
namespace {

using records::Oid;

// One of the ways a customer can be in a row; ?1 is the organization, ?2 the user or the number's
// index. Asked side by side: a condition with OR would have all of the organization's rows read.
struct Side {
  bool by_user = false;
  const char *calls, *sessions;
};
constexpr Side kSides[] = {
    {true, "other=?2 AND organization=?1", "callee=?2 AND customer&2 AND organization=?1"},
    {true, "owner=?2 AND other IS NOT NULL AND internal AND organization=?1",
     "caller=?2 AND customer&1 AND organization=?1"},
    {false, "organization=?1 AND from_index=?2 AND (internal OR direction=0)",
     "organization=?1 AND from_index=?2 AND customer&1"},
    {false,
     "organization=?1 AND to_index=?2 AND (direction=1 OR internal) "
     "AND NOT(internal AND from_index=?2)",
     "organization=?1 AND to_index=?2 AND customer&2 AND NOT(customer&1 AND from_index=?2)"},
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
                        " AND seq<=?3 AND phase=4 LIMIT ?4"),
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

absl::Status ForEachItem(SqlCache& sql, const Customer& customer,
                         absl::FunctionRef<void(CustomerItem)> visit) {
  const auto read = [visit](const Statement& row) {
    visit({OptionalOid(row, 0), OidOf(row, 1), row.Int(2), row.Int(3)});
  };
  STORE_TRY(ForEachSide(sql, customer, &Statements::calls, read));
  return ForEachSide(sql, customer, &Statements::sessions, read);
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
