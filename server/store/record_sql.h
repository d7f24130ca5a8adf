// Statements of the record tables, compiled when they are first needed: there are many, and most
// run a few times a day. Short names for the checks after each.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/records/oid.h"
#include "server/store/sqlite.h"

#define STORE_CONCAT_(a, b) a##b
#define STORE_CONCAT(a, b) STORE_CONCAT_(a, b)
// Leaves the function with a status that isn't ok.
#define STORE_TRY(expression) \
  if (absl::Status store_try_status = (expression); !store_try_status.ok()) return store_try_status
// STORE_LET(const auto rows, CountRows());
#define STORE_LET_(made, declaration, expression) \
  auto made = (expression);                       \
  if (!made.ok()) return made.status();           \
  declaration = *std::move(made)
#define STORE_LET(declaration, expression) \
  STORE_LET_(STORE_CONCAT(store_let_, __LINE__), declaration, expression)

namespace trunkline::store {

inline std::optional<records::Oid> OptionalOid(const Statement& row, int column) {
  return records::Oid::FromBytes(row.Blob(column));
}
inline records::Oid OidOf(const Statement& row, int column) {
  return OptionalOid(row, column).value_or(records::Oid());
}
inline std::optional<std::int64_t> OptionalInt(const Statement& row, int column) {
  return row.Null(column) ? std::nullopt : std::optional(row.Int(column));
}

// Of one connection, which outlives it. Every `sql` is a literal or another constant that lives as
// long: its address is its name here.
class SqlCache {
 public:
  explicit SqlCache(Database* database) : database_(database) {}

  // Gives the number of rows inserted, changed or deleted.
  template <class... Args>
  absl::StatusOr<int> Change(std::string_view sql, const Args&... args) {
    STORE_LET(Statement* const statement, Prepared(sql));
    statement->Bind(args...);
    STORE_TRY(statement->Run());
    return statement->changes();
  }
  template <class... Args>
  absl::Status Run(std::string_view sql, const Args&... args) {
    return Change(sql, args...).status();
  }
  // `visit` may run other statements than this one.
  template <class Visit, class... Args>
  absl::Status ForEach(std::string_view sql, Visit visit, const Args&... args) {
    STORE_LET(Statement* const statement, Prepared(sql));
    statement->Bind(args...);
    return Walk(*statement, visit);
  }
  // Of the first row's first column; nullopt: no row, or NULL.
  template <class... Args>
  absl::StatusOr<std::optional<std::int64_t>> Int(std::string_view sql, const Args&... args) {
    std::optional<std::int64_t> number;
    STORE_TRY(First(
                  sql, [&number](const Statement& row) { number = OptionalInt(row, 0); }, args...)
                  .status());
    return number;
  }
  template <class... Args>
  absl::StatusOr<std::optional<records::Oid>> Id(std::string_view sql, const Args&... args) {
    std::optional<records::Oid> id;
    STORE_TRY(First(
                  sql, [&id](const Statement& row) { id = OptionalOid(row, 0); }, args...)
                  .status());
    return id;
  }
  // False: there is no row.
  template <class Read, class... Args>
  absl::StatusOr<bool> First(std::string_view sql, Read read, const Args&... args) {
    STORE_LET(Statement* const statement, Prepared(sql));
    statement->Bind(args...);
    STORE_LET(const bool found, statement->Step());
    if (!found) return false;
    read(*statement);
    statement->Reset();
    return true;
  }

  Database& database() { return *database_; }

 private:
  absl::StatusOr<Statement*> Prepared(std::string_view sql);
  static absl::Status Walk(Statement& statement, absl::FunctionRef<void(const Statement&)> visit);

  Database* database_;
  absl::flat_hash_map<const char*, std::unique_ptr<Statement>> statements_;
};

}  // namespace trunkline::store
