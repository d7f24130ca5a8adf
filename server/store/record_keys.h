// The keys of what is personal in call records. They lie in a file of their own,
// DATA_DIR/record.keys, which no backup holds: destroying a key destroys what it sealed wherever a
// copy of it may be.
//
// The file is slots of 64 bytes: a name, a key, and a check over both. A key is destroyed by zeros
// written over its slot, in place, so that nothing keeps a copy. A slot that was cut short by a
// failure fails its check and is cleared at the next start.
//
// One thread changes keys, the store's; any may open what they sealed.
#pragma once

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/entropy.h"
#include "common/ids.h"
#include "common/secret.h"

namespace trunkline::store {

// Whose a key is. One to a record, not to a session: a call may be purged and the others of its
// session stay. What the two phones of a call say of it has keys by call and user, because it is
// told before there is a record, and each organization purges what its own user said.
struct KeyOwner {
  explicit KeyOwner(ByteView bytes);  // the id of a record or contact, or OfPhone's bytes
  static std::array<std::uint8_t, 16> OfPhone(CallId call, UserId user);
  // As a slot or a sealed text has it.
  static KeyOwner Named(std::span<const std::uint8_t, 16> name);
  std::array<std::uint8_t, 16> name;  // says nothing of whom it is the key

  friend bool operator==(const KeyOwner&, const KeyOwner&) = default;
  template <class H>
  friend H AbslHashValue(H h, const KeyOwner& owner) {
    return H::combine(std::move(h), owner.name);
  }

 private:
  KeyOwner() = default;
};

class RecordKeys {
 public:
  // Makes the file, or reads it. `path` is absolute; `vfs` null: the file system; `flush`: whether
  // what is written has to survive a power cut. `entropy` is borrowed, null: the system's.
  // FailedPrecondition for a file of something else.
  static absl::StatusOr<std::shared_ptr<RecordKeys>> Open(const std::string& path, const char* vfs,
                                                          bool flush, Entropy* entropy);
  ~RecordKeys();
  RecordKeys(const RecordKeys&) = delete;
  RecordKeys& operator=(const RecordKeys&) = delete;

  // Seals `text` for one place: a column's name and its row's id. Makes the owner's key when there
  // is none, which is durable after Flush. An empty text stays empty. SQLite's codes.
  int Seal(ByteView owner, std::string_view place, ByteView row, std::string_view text,
           Bytes& sealed);
  // nullopt: its key is destroyed, or it was sealed for another place.
  std::optional<std::string> Open(std::string_view place, ByteView row, ByteView sealed) const;
  // Whether it looks like what Seal gives.
  static bool IsSealed(ByteView bytes);
  // By which a number is found in an index that doesn't show it.
  std::array<std::uint8_t, 16> Blind(std::int64_t organization, std::string_view number) const;

  // Before the transaction that seals is committed.
  absl::Status Flush();
  // Now and for good, whatever becomes of the transaction.
  absl::Status Destroy(std::span<const KeyOwner> owners);
  // With the transaction under way: after its commit, or not at all.
  void DestroyLater(const KeyOwner& owner) { doomed_.push_back(owner); }
  absl::Status Settle(bool committed);

  std::size_t size() const;  // keys

 private:
  using Key = SecretBytes<32>;
  using Slot = std::array<std::uint8_t, 64>;
  struct Held {
    Key key;
    std::int64_t slot = 0;
  };

  RecordKeys(bool flush, Entropy* entropy);
  absl::Status OpenFile(const std::string& path, const char* vfs);
  absl::Status Load();
  int Take(const Slot& slot);
  absl::Status Begin();
  int KeyOf(const KeyOwner& owner, Key& key);
  std::optional<Key> Find(const KeyOwner& owner) const;
  int Write(std::int64_t slot, ByteView slots);
  static Slot Fill(ByteView name, const Key& key);
  static bool IsWhole(const Slot& slot);

  struct CloseFile {
    void operator()(sqlite3_file* file) const;
  };
  struct FreeName {
    void operator()(const char* name) const { sqlite3_free_filename(name); }
  };

  const bool flush_;
  SystemEntropy system_;
  Entropy* const entropy_;
  std::unique_ptr<const char, FreeName> name_;  // SQLite borrows it
  std::unique_ptr<sqlite3_file, CloseFile> file_;
  mutable std::mutex mutex_;
  absl::flat_hash_map<KeyOwner, Held> keys_;
  Key blind_;
  std::vector<std::int64_t> free_;
  std::int64_t slots_ = 0;
  bool begun_ = false;    // the first slot is there
  bool written_ = false;  // and not flushed
  std::vector<KeyOwner> doomed_;
};

}  // namespace trunkline::store
