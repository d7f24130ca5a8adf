#pragma once
// Memory of one decoded message: a bump allocator whose blocks survive Reset(), so that a warm
// arena serves the next message without touching the heap. Values in it are trivially destructible
// and live until Reset() or the arena's end. Not thread-safe: one arena belongs to one reading
// thread.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tl {

class Arena {
 public:
  static constexpr std::size_t kFirstBlockBytes = 16 * 1024;
  // What one message may take: a stranger's megabyte of four-byte elements stays within this.
  static constexpr std::size_t kBytesMax = 32 * 1024 * 1024;

  // `bytes_max` bounds the sum of all blocks; beyond it allocations fail.
  explicit Arena(std::size_t first_block_bytes = kFirstBlockBytes,
                 std::size_t bytes_max = kBytesMax)
      : first_block_bytes_(Aligned(first_block_bytes < kAlign ? kAlign : first_block_bytes)),
        bytes_max_(bytes_max & ~(kAlign - 1)) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Forgets every value and keeps the blocks.
  void Reset() {
    block_ = 0;
    SetBlock();
  }

  // Bytes aligned for any TL value; nullptr when the limit is reached.
  void* Allocate(std::size_t bytes) {
    if (bytes > bytes_max_) [[unlikely]]
      return nullptr;
    bytes = Aligned(bytes);
    if (bytes > left()) [[unlikely]]
      return AllocateInNextBlock(bytes);
    return std::exchange(at_, at_ + bytes);
  }

  // A default-initialised T; nullptr when the limit is reached.
  template <class T>
  T* New() {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= kAlign);
    void* const at = Allocate(sizeof(T));
    return at == nullptr ? nullptr : new (at) T;
  }

  // Room for `count` T whose members have no value yet, for a reader that sets them all; nullptr
  // when the limit is reached.
  template <class T>
  T* NewUnset(std::size_t count = 1) {
    static_assert(std::is_trivially_destructible_v<T> && std::is_trivially_copyable_v<T> &&
                  alignof(T) <= kAlign);
    if (count > bytes_max_ / sizeof(T)) return nullptr;
    return static_cast<T*>(Allocate(count * sizeof(T)));
  }

  // The same for one T, but false too when a new block would have to be begun.
  template <class T>
  [[gnu::always_inline]] bool NewUnsetInBlock(T*& into) {
    constexpr std::size_t kBytes = Aligned(sizeof(T));
    if (!Has(kBytes)) [[unlikely]]
      return false;
    into = reinterpret_cast<T*>(std::exchange(at_, at_ + kBytes));
    if (into == nullptr) __builtin_unreachable();  // spares every caller a test
    return true;
  }

  // Room for `count` T in the block; false when there is none, or none was asked for.
  template <class T>
  [[gnu::always_inline]] bool NewUnsetInBlock(std::size_t count, T*& into) {
    if (count - 1 >= left() / sizeof(T)) [[unlikely]]
      return false;
    into = reinterpret_cast<T*>(std::exchange(at_, at_ + Aligned(count * sizeof(T))));
    if (into == nullptr) __builtin_unreachable();
    return true;
  }

  // `count` value-initialised T; an empty span when count is 0 or the limit is reached.
  template <class T>
  std::span<T> NewArray(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= kAlign);
    if (count == 0 || count > bytes_max_ / sizeof(T)) return {};
    void* const at = Allocate(count * sizeof(T));
    if (at == nullptr) return {};
    T* const first = static_cast<T*>(at);
    for (std::size_t i = 0; i < count; ++i) new (first + i) T{};
    return {first, count};
  }

  // A copy that lives as long as the arena's other values; empty when the limit is reached.
  std::string_view CopyString(std::string_view text) {
    if (text.empty()) return {};
    void* const at = Allocate(text.size());
    if (at == nullptr) return {};
    std::memcpy(at, text.data(), text.size());
    return {static_cast<const char*>(at), text.size()};
  }

  std::size_t bytes_reserved() const { return bytes_reserved_; }

 private:
  static constexpr std::size_t kAlign = 8;

  static constexpr std::size_t Aligned(std::size_t bytes) {
    return (bytes + kAlign - 1) & ~(kAlign - 1);
  }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  // The same question as numbers: one addition is less than a difference.
  bool Has(std::size_t bytes) const {
    return reinterpret_cast<std::uintptr_t>(at_) + bytes <= reinterpret_cast<std::uintptr_t>(end_);
  }

  struct Block {
    std::unique_ptr<std::byte[]> memory;
    std::size_t bytes = 0;
  };

  [[gnu::noinline]] void* AllocateInNextBlock(std::size_t bytes) {
    std::size_t next = blocks_.empty() ? 0 : block_ + 1;
    while (next < blocks_.size() && blocks_[next].bytes < bytes) ++next;
    if (next >= blocks_.size()) {
      const std::size_t left = bytes_max_ - bytes_reserved_;
      if (left < bytes) return nullptr;
      std::size_t size = blocks_.empty() ? first_block_bytes_ : 2 * blocks_.back().bytes;
      size = size < bytes ? bytes : size;
      size = size > left ? left : size;
      blocks_.push_back({std::make_unique_for_overwrite<std::byte[]>(size), size});
      bytes_reserved_ += size;
      next = blocks_.size() - 1;
    }
    block_ = next;
    SetBlock();
    return Allocate(bytes);
  }

  void SetBlock() {
    if (blocks_.empty()) return;
    at_ = blocks_[block_].memory.get();
    end_ = at_ + blocks_[block_].bytes;
  }

  std::byte* at_ = nullptr;  // in the block that is being filled
  std::byte* end_ = nullptr;
  std::vector<Block> blocks_;
  std::size_t block_ = 0;
  std::size_t bytes_reserved_ = 0;
  std::size_t first_block_bytes_;
  std::size_t bytes_max_;
};

}  // namespace tl
