#pragma once
// Writes TL into a buffer of exactly the right size. The same generated code runs twice: over
// SizeCounter to learn the size, then over Writer to fill the buffer, so the two cannot disagree.
// Both are one word and go through generated code by value, which keeps them in a register.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "tl/runtime/value.h"

namespace tl {

// Bytes of `string` or `bytes` on the wire, length and padding included.
constexpr std::size_t BytesSize(std::size_t size) {
  if (size > kStringBytesMax) size = kStringBytesMax;
  return (size + (size < 254 ? 1 : 4) + 3) & ~std::size_t{3};
}

class SizeCounter {
 public:
  std::size_t bytes() const { return bytes_; }

  void U32(std::uint32_t) { bytes_ += 4; }
  void I32(std::int32_t) { bytes_ += 4; }
  void I64(std::int64_t) { bytes_ += 8; }
  void F64(double) { bytes_ += 8; }
  void I128(const Int128&) { bytes_ += 16; }
  void I256(const Int256&) { bytes_ += 32; }
  void Bool(bool) { bytes_ += 4; }
  void Bytes(std::string_view text) { bytes_ += BytesSize(text.size()); }
  void Raw(std::span<const std::uint8_t> bytes) { bytes_ += bytes.size(); }
  template <class T>
  void Numbers(std::span<const T> numbers) {
    bytes_ += numbers.size_bytes();
  }

  // What always takes so many bytes.
  SizeCounter Skip(std::size_t bytes) const {
    SizeCounter after = *this;
    after.bytes_ += bytes;
    return after;
  }

 private:
  std::size_t bytes_ = 0;
};

class Writer {
 public:
  // `at` has at least the bytes that SizeOf told.
  explicit Writer(std::uint8_t* at) : at_(at) {}

  std::uint8_t* at() const { return at_; }

  void U32(std::uint32_t value) { Copy(&value, sizeof(value)); }
  void I32(std::int32_t value) { Copy(&value, sizeof(value)); }
  void I64(std::int64_t value) { Copy(&value, sizeof(value)); }
  void F64(double value) { Copy(&value, sizeof(value)); }
  void I128(const Int128& value) { Copy(value.data(), value.size()); }
  void I256(const Int256& value) { Copy(value.data(), value.size()); }
  void Bool(bool value) { U32(value ? kBoolTrueId : kBoolFalseId); }
  void Raw(std::span<const std::uint8_t> bytes) { Copy(bytes.data(), bytes.size()); }
  template <class T>
  void Numbers(std::span<const T> numbers) {
    Copy(numbers.data(), numbers.size_bytes());
  }
  void Bytes(std::string_view text) { at_ = PutBytes(at_, text); }

 private:
  // A text longer than TL can express is cut; nothing in the server makes one.
  [[gnu::noinline]] static std::uint8_t* PutBytes(std::uint8_t* at, std::string_view text) {
    const std::size_t size = text.size();
    if (size >= 254) [[unlikely]]
      return PutLongBytes(at, text);
    std::uint8_t* const stop = at + ((size + 4) & ~std::size_t{3});
    std::memset(stop - 4, 0, 4);  // the padding; what is in front of it is overwritten
    *at = static_cast<std::uint8_t>(size);
    CopyText(at + 1, text.data(), size);
    return stop;
  }

  [[gnu::noinline]] static std::uint8_t* PutLongBytes(std::uint8_t* at, std::string_view text) {
    const std::size_t size = text.size() < kStringBytesMax ? text.size() : kStringBytesMax;
    std::uint8_t* const stop = at + BytesSize(size);
    std::memset(stop - 4, 0, 4);
    const auto head = static_cast<std::uint32_t>(size << 8 | 254);
    std::memcpy(at, &head, sizeof(head));
    std::memcpy(at + 4, text.data(), size);
    return stop;
  }

  // Names, versions and numbers are short: two moves that may overlap, instead of a call.
  static void CopyText(std::uint8_t* at, const char* from, std::size_t size) {
    if (size > 16) {
      std::memcpy(at, from, size);
    } else if (size >= 8) {
      CopyBothEnds<8>(at, from, size);
    } else if (size >= 4) {
      CopyBothEnds<4>(at, from, size);
    } else if (size >= 2) {
      CopyBothEnds<2>(at, from, size);
    } else if (size == 1) {
      *at = static_cast<std::uint8_t>(*from);
    }
  }

  template <std::size_t kEach>
  static void CopyBothEnds(std::uint8_t* at, const char* from, std::size_t size) {
    std::uint8_t last[kEach];
    std::memcpy(last, from + size - kEach, kEach);
    std::memcpy(at, from, kEach);
    std::memcpy(at + size - kEach, last, kEach);
  }

  void Copy(const void* from, std::size_t size) {
    if (size != 0) std::memcpy(at_, from, size);
    at_ += size;
  }

  std::uint8_t* at_;
};

inline SizeCounter Boxed::Put(SizeCounter sink, int layer) const {
  return constructor_->count(sink, value_, layer);
}
inline Writer Boxed::Put(Writer sink, int layer) const {
  return constructor_->write(sink, value_, layer);
}

}  // namespace tl
