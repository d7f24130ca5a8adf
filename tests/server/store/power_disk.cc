#include "tests/server/store/power_disk.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/check.h"

namespace trunkline::store {
namespace {

// What a disk writes whole or not at all; SQLite relies on less.
constexpr std::int64_t kSector = 512;

constexpr const char* kFlush = "flush";

std::string KindOf(const std::string& name) {
  const std::size_t suffix = name.rfind('-');
  return suffix == std::string::npos ? "db" : name.substr(suffix + 1);
}

}  // namespace

PowerDisk::PowerDisk(std::uint64_t seed)
    : name_(absl::StrCat("power-", reinterpret_cast<std::uintptr_t>(this))), random_(seed) {
  Register();
}

PowerDisk::~PowerDisk() {
  CHECK(files_open_ == 0);
  sqlite3_vfs_unregister(&vfs_);
}

void PowerDisk::FailAt(int n, int code, int times) {
  fail_from_ = failable_ + n;
  fail_until_ = fail_from_ + times;
  fail_code_ = code;
}

PowerDisk::Fate PowerDisk::NextOperation(const char* what, const Inode& inode) {
  if (stopped_) return Fate::kFails;
  ++operations_;
  if (stop_at_ && operations_ >= *stop_at_) {
    stop_at_.reset();
    stopped_ = true;
    stopped_in_ = absl::StrCat(what, " ", inode.kind);
    return Chance(0.5) ? Fate::kLast : Fate::kFails;
  }
  if (fail_code_ == SQLITE_OK || (what == kFlush && fail_code_ == SQLITE_FULL))
    return Fate::kHappens;
  ++failable_;
  if (failable_ < fail_from_ || failable_ >= fail_until_) return Fate::kHappens;
  failed_ = true;
  return Fate::kFails;
}

void PowerDisk::Apply(const Write& write, std::string& content) {
  const auto offset = static_cast<std::size_t>(write.offset);
  if (write.truncates) return content.resize(offset);
  if (content.size() < offset + write.bytes.size()) content.resize(offset + write.bytes.size());
  content.replace(offset, write.bytes.size(), write.bytes);
}

void PowerDisk::Apply(const NameChange& change, Names& names) {
  if (change.to != nullptr) {
    names[change.name] = change.to;
  } else {
    names.erase(change.name);
  }
}

int PowerDisk::Change(Inode& inode, Write write) {
  const Fate fate = NextOperation(write.truncates ? "cut" : "write", inode);
  if (fate != Fate::kFails) {
    Apply(write, inode.now);
    inode.unsynced.push_back(std::move(write));
  }
  if (fate == Fate::kHappens) return SQLITE_OK;
  return stopped_ ? SQLITE_IOERR_WRITE : fail_code_;
}

int PowerDisk::Sync(Inode& inode, bool names_too) {
  const Fate fate = NextOperation(kFlush, inode);
  if (fate != Fate::kFails) {
    for (const Write& write : inode.unsynced) Apply(write, inode.durable);
    inode.unsynced.clear();
    if (names_too) SyncNames();
  }
  if (fate == Fate::kHappens) return SQLITE_OK;
  return stopped_ ? SQLITE_IOERR_FSYNC : fail_code_;
}

int PowerDisk::Name(const std::string& name, std::shared_ptr<Inode> to) {
  to->kind = KindOf(name);
  const Fate fate = NextOperation("make", *to);
  if (fate != Fate::kFails) {
    unsynced_names_.push_back({name, std::move(to)});
    Apply(unsynced_names_.back(), names_);
  }
  if (fate == Fate::kHappens) return SQLITE_OK;
  return stopped_ ? SQLITE_CANTOPEN : fail_code_;
}

int PowerDisk::Unname(const std::string& name, bool sync) {
  const Fate fate = NextOperation("delete", *names_.at(name));
  if (fate != Fate::kFails) {
    unsynced_names_.push_back({name, nullptr});
    Apply(unsynced_names_.back(), names_);
    if (sync) SyncNames();
  }
  if (fate == Fate::kHappens) return SQLITE_OK;
  return stopped_ ? SQLITE_IOERR_DELETE : fail_code_;
}

void PowerDisk::SyncNames() {
  if (stopped_) return;
  durable_names_ = names_;
  unsynced_names_.clear();
}

void PowerDisk::CutPower() {
  CHECK(files_open_ == 0);
  names_ = NamesAfterCut();
  for (auto& [name, inode] : names_) {
    auto found = std::make_shared<Inode>();
    found->kind = inode->kind;
    found->now = found->durable = ContentAfterCut(*inode);
    inode = std::move(found);
  }
  durable_names_ = names_;
  unsynced_names_.clear();
  stopped_ = false;
}

PowerDisk::Image PowerDisk::TakeImage() const {
  CHECK(files_open_ == 0);
  Image image;
  for (const auto& [name, inode] : names_) image[name] = inode->now;
  return image;
}

void PowerDisk::Load(const Image& image) {
  CHECK(files_open_ == 0);
  names_.clear();
  for (const auto& [name, content] : image) {
    auto inode = std::make_shared<Inode>();
    inode->kind = KindOf(name);
    inode->now = inode->durable = content;
    names_[name] = std::move(inode);
  }
  SyncNames();
}

// Some file systems keep the order of such changes, others the order for each name.
PowerDisk::Names PowerDisk::NamesAfterCut() {
  Names names = durable_names_;
  if (Chance(0.5)) {
    const std::int64_t kept = Between(0, std::ssize(unsynced_names_));
    for (std::int64_t i = 0; i < kept; ++i) {
      Apply(unsynced_names_[static_cast<std::size_t>(i)], names);
    }
    return names;
  }
  std::set<std::string> stuck;
  for (const NameChange& change : unsynced_names_) {
    if (stuck.contains(change.name)) continue;
    if (Chance(0.5)) {
      Apply(change, names);
    } else {
      stuck.insert(change.name);
    }
  }
  return names;
}

std::string PowerDisk::ContentAfterCut(const Inode& inode) {
  std::string content = inode.durable;
  if (inode.unsynced.empty()) return content;
  // Now and then nothing or everything had reached the disk.
  const double kept = std::clamp(std::uniform_real_distribution<>(-0.15, 1.15)(random_), 0.0, 1.0);
  const bool whole_writes = Chance(0.5);
  for (const Write& write : inode.unsynced) {
    if (write.truncates || whole_writes) {
      if (Chance(kept)) {
        Apply(write, content);
      } else {
        sectors_lost_ += (std::ssize(write.bytes) + kSector - 1) / kSector;
      }
    } else {
      ApplySectors(write, kept, content);
    }
  }
  Resize(inode, content);
  return content;
}

void PowerDisk::ApplySectors(const Write& write, double kept, std::string& content) {
  const std::int64_t end = write.offset + std::ssize(write.bytes);
  for (std::int64_t from = write.offset; from < end;) {
    const std::int64_t to = std::min((from / kSector + 1) * kSector, end);
    std::int64_t first = from, last = to;
    if (!Chance(kept)) {
      ++sectors_lost_;
      last = first;
    } else if (Chance(0.1)) {
      // Powersafe overwrite: what lies beside the written bytes is never harmed.
      ++sectors_torn_;
      (Chance(0.5) ? first : last) = Between(from, to);
    }
    const auto at = static_cast<std::size_t>(first - write.offset);
    if (first < last) {
      Apply({first, write.bytes.substr(at, static_cast<std::size_t>(last - first))}, content);
    }
    from = to;
  }
}

// The length is kept apart from the content: it may have grown where nothing was written yet, over
// zeros or over what the disk held before, or not have grown where something was.
void PowerDisk::Resize(const Inode& inode, std::string& content) {
  const std::int64_t size = std::ssize(content);
  const std::int64_t longest = std::ssize(inode.now), durable = std::ssize(inode.durable);
  if (size < longest && Chance(0.3)) {
    const bool zeros = Chance(0.7);
    content.resize(static_cast<std::size_t>(Between(size, longest)));
    for (auto i = static_cast<std::size_t>(size); !zeros && i < content.size(); ++i) {
      content[i] = static_cast<char>(random_());
    }
  } else if (size > durable && Chance(0.3)) {
    content.resize(static_cast<std::size_t>(Between(durable, size)));
  }
}

}  // namespace trunkline::store
