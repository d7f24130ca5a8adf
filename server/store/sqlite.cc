#include "server/store/sqlite.h"

#include <array>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"

namespace trunkline::store {
namespace {

// A plan stays what it was. Otherwise SQLite compares each value bound with the conditions of
// partial indexes, and makes the statement anew when one has changed.
void KeepPlans(sqlite3* db) {
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_QPSG, 1, nullptr);
}

}  // namespace

absl::Status ToStatus(sqlite3* db, int code, absl::string_view doing) {
  const std::string text =
      absl::StrCat(doing, ": ", sqlite3_errstr(code), " (", code, ")",
                   db != nullptr ? absl::StrCat(", ", sqlite3_errmsg(db)) : "");
  switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
      return absl::OkStatus();
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(text);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(text);
    case SQLITE_CONSTRAINT:
      return absl::InternalError(text);
    default:
      return absl::DataLossError(text);
  }
}

absl::StatusOr<bool> Statement::Step() {
  const int code = sqlite3_step(raw_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(raw_.get());
    return false;
  }
  const absl::Status status = ToStatus(sqlite3_db_handle(raw_.get()), code, "step");
  sqlite3_reset(raw_.get());
  return status;
}

absl::Status Statement::Run() {
  for (;;) {
    const absl::StatusOr<bool> row = Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
  }
}

ByteView Statement::Blob(int column) const {
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(raw_.get(), column));
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(raw_.get(), column))};
}

Bytes Statement::BytesOf(int column) const {
  const ByteView view = Blob(column);
  return Bytes(view.begin(), view.end());
}

// Binding fails only when the statement has fewer parameters than we thought.
void Statement::BindOne(std::int64_t value) {
  CHECK(sqlite3_bind_int64(raw_.get(), next_++, value) == SQLITE_OK);
}
void Statement::BindOne(std::nullopt_t) {
  CHECK(sqlite3_bind_null(raw_.get(), next_++) == SQLITE_OK);
}
void Statement::BindOne(std::string_view text) {
  // A null pointer would bind NULL.
  const char* data = text.data() != nullptr ? text.data() : "";
  CHECK(sqlite3_bind_text64(raw_.get(), next_++, data, text.size(), SQLITE_STATIC, SQLITE_UTF8) ==
        SQLITE_OK);
}
void Statement::BindOne(ByteView blob) {
  const void* data = blob.data() != nullptr ? static_cast<const void*>(blob.data()) : "";
  CHECK(sqlite3_bind_blob64(raw_.get(), next_++, data, blob.size(), SQLITE_STATIC) == SQLITE_OK);
}

absl::StatusOr<Database> Database::Open(const std::string& path, const char* vfs) {
  // Statistics that nobody reads cost a global lock at each of its allocations. Too late once the
  // library is in use, and then without effect.
  static const int unused = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)unused;
  auto gathering = GatheringVfs::Over(vfs);
  if (gathering == nullptr) return absl::InternalError("no such file system");
  sqlite3* raw = nullptr;
  const int create = vfs != nullptr ? SQLITE_OPEN_CREATE : 0;
  const int code = sqlite3_open_v2(
      path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | create, gathering->name());
  Database database(raw, std::move(gathering));
  if (code != SQLITE_OK) return ToStatus(raw, code, absl::StrCat("open ", path));
  sqlite3_extended_result_codes(raw, 1);
  KeepPlans(raw);
  for (const auto& [to, sql] :
       {std::pair(&database.begin_, "BEGIN IMMEDIATE"), std::pair(&database.commit_, "COMMIT")}) {
    absl::StatusOr<Statement> statement = database.Prepare(sql);
    if (!statement.ok()) return statement.status();
    *to = *std::move(statement);
  }
  sqlite3_wal_autocheckpoint(raw, 0);
  return database;
}

absl::StatusOr<Database> Database::OpenToRead(const std::string& path) {
  // Only a recovery of the log, or its truncation, makes a reader wait.
  static constexpr int kBusyMs = 2'000;
  sqlite3* raw = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(raw);
  if (code != SQLITE_OK) return ToStatus(raw, code, absl::StrCat("open ", path));
  sqlite3_extended_result_codes(raw, 1);
  KeepPlans(raw);
  sqlite3_busy_timeout(raw, kBusyMs);
  // Of the cache, KiB: the default holds the records of no more than a few thousand calls.
  for (const char* const sql : {"PRAGMA query_only=ON", "PRAGMA cache_size=-16384"}) {
    if (absl::Status status = database.Execute(sql); !status.ok()) return status;
  }
  return database;
}

absl::StatusOr<Statement> Database::Prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(raw(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return ToStatus(raw(), code, "prepare");
  return Statement(statement);
}

absl::Status Database::Execute(const char* sql) {
  return ToStatus(raw(), sqlite3_exec(raw(), sql, nullptr, nullptr, nullptr), sql);
}

absl::Status Database::UseLog() {
  absl::StatusOr<Statement> statement = Prepare("PRAGMA journal_mode=WAL");
  if (!statement.ok()) return statement.status();
  const absl::StatusOr<bool> row = statement->Step();
  if (!row.ok()) return row.status();
  // SQLite keeps the old mode without an error, and in that one our lighter flushes aren't enough.
  if (!*row || statement->Text(0) != "wal") {
    return absl::FailedPreconditionError("the file system can't share the memory that a log needs");
  }
  return absl::OkStatus();
}

absl::Status Database::StartNewLog() {
  const int code =
      sqlite3_wal_checkpoint_v2(raw(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  return ToStatus(raw(), code, "start a new log");
}

// SQLite ends a log at the first frame whose salt and checksum don't fit, so zeros say nothing.
absl::Status Database::ReserveLog(int pages) {
  sqlite3_file* log = nullptr;
  int code = sqlite3_file_control(raw(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (code != SQLITE_OK || log == nullptr || log->pMethods == nullptr) {
    return ToStatus(raw(), code, "find the log");
  }
  // SQLite's own file system takes the size of a write modulo 128 KiB.
  static constexpr std::array<char, 64 * 1024> kZeros{};
  const sqlite3_int64 end = pages * (kPageBytes + kFrameHeaderBytes);
  sqlite3_int64 at = 0;
  code = log->pMethods->xFileSize(log, &at);
  for (; code == SQLITE_OK && at < end; at += std::ssize(kZeros)) {
    code = log->pMethods->xWrite(log, kZeros.data(), std::ssize(kZeros), at);
  }
  return ToStatus(raw(), code, "reserve the log");
}

absl::Status Database::Flush() {
  for (const int which : {SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER}) {
    sqlite3_file* file = nullptr;
    int code = sqlite3_file_control(raw(), "main", which, &file);
    if (code == SQLITE_OK && file != nullptr && file->pMethods != nullptr) {
      code = file->pMethods->xSync(file, SQLITE_SYNC_FULL);
    }
    if (code != SQLITE_OK) return ToStatus(raw(), code, "flush");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> Database::Number(std::string_view sql) {
  absl::StatusOr<Statement> statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  const absl::StatusOr<bool> row = statement->Step();
  if (!row.ok()) return row.status();
  return *row ? statement->Int(0) : 0;
}

absl::Status Database::End(absl::Status done) {
  if (done.ok()) done = commit_.Run();
  return done.ok() ? done : Rollback(std::move(done));
}

absl::Status Database::Rollback(absl::Status cause) {
  // Some errors have ended the transaction by themselves.
  if (sqlite3_get_autocommit(raw()) != 0) return cause;
  const absl::Status undone = Execute("ROLLBACK");
  if (!undone.ok()) return absl::DataLossError(undone.message());
  return cause;
}

}  // namespace trunkline::store
