#include "server/store/record_sql.h"

namespace trunkline::store {

absl::StatusOr<Statement*> SqlCache::Prepared(std::string_view sql) {
  std::unique_ptr<Statement>& statement = statements_[sql.data()];
  if (statement == nullptr) {
    STORE_LET(Statement prepared, database_->Prepare(sql));
    statement = std::make_unique<Statement>(std::move(prepared));
  }
  return statement.get();
}

absl::Status SqlCache::Walk(Statement& statement, absl::FunctionRef<void(const Statement&)> visit) {
  for (;;) {
    STORE_LET(const bool found, statement.Step());
    if (!found) return absl::OkStatus();
    visit(statement);
  }
}

}  // namespace trunkline::store
