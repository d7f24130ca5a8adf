// SQLite in the words of this house: statuses instead of codes, statements that clean up after
// themselves. One connection and its statements belong to one thread.
//
// Statuses:  ResourceExhausted  no room (SQLITE_FULL); nothing was written, a later try may succeed
//            Unavailable        someone else holds the file (SQLITE_BUSY); likewise
//            Internal           a constraint was violated: our bug
//            DataLoss           anything else, above all SQLITE_IOERR and SQLITE_CORRUPT: nobody
//                               knows what the disk holds, so the process has to end
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/bytes.h"
#include "common/ids.h"
#include "server/store/gathering_vfs.h"

namespace trunkline::store {

absl::Status ToStatus(sqlite3* db, int code, absl::string_view doing);

// A prepared statement, used again and again: Bind, then Step until it says false, or Run.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* raw) : raw_(raw) {}

  // All parameters in order, after a reset. Text and blobs are borrowed until the last Step.
  template <class... Args>
  void Bind(const Args&... args) {
    sqlite3_reset(raw_.get());
    next_ = 1;
    (BindOne(args), ...);
  }
  // True: a row is there. False: done, and reset.
  absl::StatusOr<bool> Step();
  // To the end, rows ignored.
  absl::Status Run();
  // Rows the last Run inserted, changed or deleted.
  int changes() const { return sqlite3_changes(sqlite3_db_handle(raw_.get())); }
  int columns() const { return sqlite3_column_count(raw_.get()); }
  // Ends the reading of rows early.
  void Reset() { sqlite3_reset(raw_.get()); }

  // Columns of the present row, from 0. Views are valid until the next Step.
  std::int64_t Int(int column) const { return sqlite3_column_int64(raw_.get(), column); }
  std::int32_t Int32(int column) const { return sqlite3_column_int(raw_.get(), column); }
  bool Bool(int column) const { return Int(column) != 0; }
  bool Null(int column) const { return sqlite3_column_type(raw_.get(), column) == SQLITE_NULL; }
  ByteView Blob(int column) const;
  Bytes BytesOf(int column) const;
  std::string Text(int column) const { return std::string(AsText(Blob(column))); }
  template <class T>
  T IdOf(int column) const {
    return T(Int(column));
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* raw) const { sqlite3_finalize(raw); }
  };

  void BindOne(std::int64_t value);
  void BindOne(std::int32_t value) { BindOne(std::int64_t{value}); }
  void BindOne(bool value) { BindOne(std::int64_t{value}); }
  void BindOne(std::nullopt_t);
  void BindOne(std::string_view text);
  void BindOne(const std::string& text) { BindOne(std::string_view(text)); }
  void BindOne(ByteView blob);
  void BindOne(const Bytes& blob) { BindOne(ByteView(blob)); }
  template <class Tag>
  void BindOne(const Id<Tag, std::int64_t>& id) {
    BindOne(id.value());
  }
  // Ids that are bytes.
  template <class T>
  requires requires(const T& id) { ByteView(id.bytes()); }
  void BindOne(const T& id) { BindOne(ByteView(id.bytes())); }
  template <class T>
  void BindOne(const std::optional<T>& value) {
    if (value) {
      BindOne(*value);
    } else {
      BindOne(std::nullopt);
    }
  }

  std::unique_ptr<sqlite3_stmt, Finalize> raw_;
  int next_ = 1;
};

class Database {
 public:
  Database(Database&&) = default;
  Database& operator=(Database&&) = delete;
  // The file is there already (an empty one will do), unless another `vfs` than the file system is
  // named.
  static absl::StatusOr<Database> Open(const std::string& path, const char* vfs = nullptr);

  // A connection that only asks, beside the one that writes: it never writes, locks or checkpoints.
  static absl::StatusOr<Database> OpenToRead(const std::string& path);

  // Statements must go before their database.
  absl::StatusOr<Statement> Prepare(std::string_view sql);
  // Switches to write-ahead logging, or says why the file can't have it. Checkpoints are left to
  // whoever writes: automatic ones would hide a failed flush.
  absl::Status UseLog();
  // Copies the log into the file and empties it. Else the rest of a log that was cut short would
  // count again once what was lost before it is written anew, byte for byte, as a projection may
  // be. After UseLog.
  absl::Status StartNewLog();
  // Writes zeros after what the log holds, up to so many pages of it: a flush that overwrites is
  // cheaper than one for which the file system has to note new blocks (bench/micro/store_bench.cc).
  // After UseLog, before Flush.
  absl::Status ReserveLog(int pages);
  // Waits until everything that any process ever wrote to the file and its log is on the disk.
  absl::Status Flush();
  // One or more statements without parameters; rows are ignored.
  absl::Status Execute(const char* sql);
  // The single number that `sql` selects.
  absl::StatusOr<std::int64_t> Number(std::string_view sql);

  absl::Status Begin() { return begin_.Run(); }
  // Ends the transaction: commits if `done` is ok, else undoes it and gives `done` back. After
  // anything but DataLoss no transaction is open and the file holds all of it or nothing.
  absl::Status End(absl::Status done);

  sqlite3* raw() const { return raw_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* raw) const { sqlite3_close(raw); }
  };
  explicit Database(sqlite3* raw, std::unique_ptr<GatheringVfs> vfs = nullptr)
      : vfs_(std::move(vfs)), raw_(raw) {}
  absl::Status Rollback(absl::Status cause);

  std::unique_ptr<GatheringVfs> vfs_;  // of one that writes
  std::unique_ptr<sqlite3, Close> raw_;
  Statement begin_, commit_;  // of every group: compiled once
};

}  // namespace trunkline::store
