#include "server/store/record_keys.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "common/crypto/aead.h"
#include "common/crypto/sha.h"
#include "server/store/sqlite.h"

namespace trunkline::store {
namespace {

constexpr std::string_view kMagic = "trunkline keys 1";
constexpr std::size_t kNameBytes = 16, kKeyBytes = 32, kCheckBytes = 16;
constexpr std::size_t kSlotBytes = kNameBytes + kKeyBytes + kCheckBytes;
constexpr std::size_t kSlotsPerRead = 1024, kSlotsPerWrite = 64;
static_assert(kMagic.size() == kNameBytes);

// A sealed text: version, the key's name, nonce, ciphertext with its tag.
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kNonceAt = 1 + kNameBytes;
constexpr std::size_t kCipherAt = kNonceAt + crypto::kGcmNonceBytes;

template <std::size_t N>
std::array<std::uint8_t, N> FirstOf(const crypto::Sha256Digest& digest) {
  std::array<std::uint8_t, N> first;
  std::copy_n(digest.begin(), N, first.begin());
  return first;
}

Bytes Associated(std::string_view place, ByteView row) {
  Bytes bytes(place.begin(), place.end());
  bytes.push_back(0);
  bytes.insert(bytes.end(), row.begin(), row.end());
  return bytes;
}

}  // namespace

KeyOwner::KeyOwner(ByteView bytes) : name(FirstOf<kNameBytes>(crypto::Sha256(bytes))) {}

KeyOwner KeyOwner::Named(std::span<const std::uint8_t, 16> name) {
  KeyOwner owner;
  std::copy(name.begin(), name.end(), owner.name.begin());
  return owner;
}

std::array<std::uint8_t, 16> KeyOwner::OfPhone(CallId call, UserId user) {
  std::array<std::uint8_t, 16> bytes;
  StoreLittle(bytes.data(), call.value());
  StoreLittle(bytes.data() + sizeof(std::int64_t), user.value());
  return bytes;
}

void RecordKeys::CloseFile::operator()(sqlite3_file* file) const {
  if (file->pMethods != nullptr) (void)file->pMethods->xClose(file);
  ::operator delete(file);
}

RecordKeys::RecordKeys(bool flush, Entropy* entropy)
    : flush_(flush), entropy_(entropy != nullptr ? entropy : &system_) {}

RecordKeys::~RecordKeys() = default;

absl::StatusOr<std::shared_ptr<RecordKeys>> RecordKeys::Open(const std::string& path,
                                                             const char* vfs, bool flush,
                                                             Entropy* entropy) {
  std::shared_ptr<RecordKeys> keys(new RecordKeys(flush, entropy));
  absl::Status status = keys->OpenFile(path, vfs);
  if (status.ok()) status = keys->Load();
  if (status.ok() && !keys->begun_) status = keys->Begin();
  // What a process that didn't flush left is about to count as durable.
  keys->written_ = true;
  if (status.ok()) status = keys->Flush();
  if (!status.ok()) return status;
  return keys;
}

absl::Status RecordKeys::OpenFile(const std::string& path, const char* vfs_name) {
  sqlite3_vfs* const vfs = sqlite3_vfs_find(vfs_name);
  if (vfs == nullptr) return absl::InternalError("no such file system");
  const auto size = static_cast<std::size_t>(vfs->szOsFile);
  void* const memory = ::operator new(size);
  std::memset(memory, 0, size);
  file_.reset(static_cast<sqlite3_file*>(memory));
  name_.reset(sqlite3_create_filename(path.c_str(), "", "", 0, nullptr));
  const int code =
      vfs->xOpen(vfs, name_.get(), file_.get(),
                 SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  return ToStatus(nullptr, code, path);
}

RecordKeys::Slot RecordKeys::Fill(ByteView name, const Key& key) {
  Slot slot;
  std::copy(name.begin(), name.end(), slot.begin());
  std::copy(key.view().begin(), key.view().end(), slot.begin() + kNameBytes);
  const auto check = crypto::Sha256(ByteView(slot).first(kNameBytes + kKeyBytes));
  std::copy_n(check.begin(), kCheckBytes, slot.end() - kCheckBytes);
  return slot;
}

bool RecordKeys::IsWhole(const Slot& slot) {
  const auto check = crypto::Sha256(ByteView(slot).first(kNameBytes + kKeyBytes));
  return std::equal(slot.end() - kCheckBytes, slot.end(), check.begin());
}

int RecordKeys::Write(std::int64_t slot, ByteView slots) {
  written_ = true;
  return file_->pMethods->xWrite(file_.get(), slots.data(), static_cast<int>(slots.size()),
                                 slot * std::int64_t{kSlotBytes});
}

// The first slot holds what blinds.
absl::Status RecordKeys::Begin() {
  Key key;
  entropy_->Fill(key.mutable_view());
  Slot slot = Fill(AsBytes(kMagic), key);
  const int code = Write(0, slot);
  Wipe(slot.data(), slot.size());
  blind_ = key;
  begun_ = true;
  slots_ = 1;
  return ToStatus(nullptr, code, "begin the file of keys");
}

absl::Status RecordKeys::Load() {
  sqlite3_int64 bytes = 0;
  if (const int code = file_->pMethods->xFileSize(file_.get(), &bytes); code != SQLITE_OK) {
    return ToStatus(nullptr, code, "look at the file of keys");
  }
  const std::int64_t slots = (bytes + std::int64_t{kSlotBytes} - 1) / std::int64_t{kSlotBytes};
  std::vector<Slot> read(kSlotsPerRead);
  while (slots_ < slots) {
    const auto count = std::min<std::int64_t>(slots - slots_, kSlotsPerRead);
    int code = file_->pMethods->xRead(file_.get(), read.data(),
                                      static_cast<int>(count * std::int64_t{kSlotBytes}),
                                      slots_ * std::int64_t{kSlotBytes});
    if (code == SQLITE_IOERR_SHORT_READ) code = SQLITE_OK;
    for (std::int64_t i = 0; code == SQLITE_OK && i < count; ++i) {
      code = Take(read[static_cast<std::size_t>(i)]);
      // Nothing follows a first slot that wasn't written to its end.
      if (!begun_ && slots > 1) return absl::FailedPreconditionError("record.keys holds no keys");
    }
    if (code != SQLITE_OK) return ToStatus(nullptr, code, "read the file of keys");
  }
  Wipe(read.data(), read.size() * sizeof(Slot));
  return absl::OkStatus();
}

int RecordKeys::Take(const Slot& slot) {
  const bool whole = IsWhole(slot);
  const Key key(ByteView(slot).subspan<kNameBytes, kKeyBytes>());
  if (slots_ == 0) {
    begun_ = whole && AsText(ByteView(slot).first(kNameBytes)) == kMagic;
    blind_ = key;
    ++slots_;
    return SQLITE_OK;
  }
  const std::int64_t at = slots_++;
  if (whole) {
    keys_[KeyOwner::Named(ByteView(slot).first<kNameBytes>())] = {key, at};
    return SQLITE_OK;
  }
  free_.push_back(at);
  return slot == Slot{} ? SQLITE_OK : Write(at, Slot{});
}

std::optional<RecordKeys::Key> RecordKeys::Find(const KeyOwner& owner) const {
  const std::lock_guard lock(mutex_);
  const auto at = keys_.find(owner);
  return at == keys_.end() ? std::nullopt : std::optional(at->second.key);
}

int RecordKeys::KeyOf(const KeyOwner& owner, Key& key) {
  if (const std::optional<Key> found = Find(owner)) {
    key = *found;
    return SQLITE_OK;
  }
  entropy_->Fill(key.mutable_view());
  const std::int64_t at = free_.empty() ? slots_ : free_.back();
  Slot slot = Fill(owner.name, key);
  const int code = Write(at, slot);
  Wipe(slot.data(), slot.size());
  if (code != SQLITE_OK) return code;
  if (free_.empty()) {
    ++slots_;
  } else {
    free_.pop_back();
  }
  const std::lock_guard lock(mutex_);
  keys_[owner] = {key, at};
  return SQLITE_OK;
}

int RecordKeys::Seal(ByteView owner, std::string_view place, ByteView row, std::string_view text,
                     Bytes& sealed) {
  sealed.clear();
  if (text.empty()) return SQLITE_OK;
  const KeyOwner whose(owner);
  Key key;
  if (const int code = KeyOf(whose, key); code != SQLITE_OK) return code;
  std::array<std::uint8_t, crypto::kGcmNonceBytes> nonce;
  entropy_->Fill(nonce);
  const Bytes cipher = crypto::GcmSeal(key.view(), nonce, Associated(place, row), AsBytes(text));
  sealed.push_back(kVersion);
  sealed.insert(sealed.end(), whose.name.begin(), whose.name.end());
  sealed.insert(sealed.end(), nonce.begin(), nonce.end());
  sealed.insert(sealed.end(), cipher.begin(), cipher.end());
  return SQLITE_OK;
}

std::optional<std::string> RecordKeys::Open(std::string_view place, ByteView row,
                                            ByteView sealed) const {
  if (sealed.empty()) return "";
  if (!IsSealed(sealed)) return std::nullopt;
  const std::optional<Key> key = Find(KeyOwner::Named(sealed.subspan<1, kNameBytes>()));
  if (!key) return std::nullopt;
  const auto plain =
      crypto::GcmOpen(key->view(), sealed.subspan<kNonceAt, crypto::kGcmNonceBytes>(),
                      Associated(place, row), sealed.subspan(kCipherAt));
  if (!plain) return std::nullopt;
  return std::string(AsText(*plain));
}

bool RecordKeys::IsSealed(ByteView bytes) {
  return bytes.size() >= kCipherAt + crypto::kGcmTagBytes && bytes[0] == kVersion;
}

std::array<std::uint8_t, 16> RecordKeys::Blind(std::int64_t organization,
                                               std::string_view number) const {
  Bytes message(sizeof organization);
  StoreLittle(message.data(), organization);
  message.insert(message.end(), number.begin(), number.end());
  return FirstOf<16>(crypto::HmacSha256(blind_.view(), message));
}

absl::Status RecordKeys::Flush() {
  if (!written_) return absl::OkStatus();
  if (flush_) {
    const int code = file_->pMethods->xSync(file_.get(), SQLITE_SYNC_NORMAL);
    if (code != SQLITE_OK) return ToStatus(nullptr, code, "flush the file of keys");
  }
  written_ = false;
  return absl::OkStatus();
}

// Keys that were made one after the other are neighbours, and so are often those that go together.
absl::Status RecordKeys::Destroy(std::span<const KeyOwner> owners) {
  std::vector<std::pair<std::int64_t, const KeyOwner*>> doomed;
  for (const KeyOwner& owner : owners) {
    const auto at = keys_.find(owner);
    if (at != keys_.end()) doomed.emplace_back(at->second.slot, &owner);
  }
  std::sort(doomed.begin(), doomed.end());
  for (std::size_t first = 0, last = 0; first < doomed.size(); first = last) {
    const std::int64_t slot = doomed[first].first;
    for (last = first + 1; last < doomed.size() && last - first < kSlotsPerWrite; ++last) {
      if (doomed[last].first > doomed[last - 1].first + 1) break;
    }
    const auto count = static_cast<std::size_t>(doomed[last - 1].first - slot + 1);
    static constexpr std::array<std::uint8_t, kSlotsPerWrite * kSlotBytes> kZeros{};
    if (const int code = Write(slot, ByteView(kZeros).first(count * kSlotBytes));
        code != SQLITE_OK) {
      return ToStatus(nullptr, code, "destroy a key");
    }
    const std::lock_guard lock(mutex_);
    for (std::size_t i = first; i < last; ++i) {
      if (keys_.erase(*doomed[i].second) != 0) free_.push_back(doomed[i].first);
    }
  }
  return Flush();
}

absl::Status RecordKeys::Settle(bool committed) {
  const std::vector<KeyOwner> doomed = std::exchange(doomed_, {});
  if (!committed || doomed.empty()) return absl::OkStatus();
  absl::Status status = Destroy(doomed);
  // They are tried again with the next; what they sealed is gone from the tables already.
  if (absl::IsResourceExhausted(status)) {
    doomed_ = doomed;
    return absl::OkStatus();
  }
  return status;
}

std::size_t RecordKeys::size() const {
  const std::lock_guard lock(mutex_);
  return keys_.size();
}

}  // namespace trunkline::store
