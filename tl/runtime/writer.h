#pragma once
// Writes TL into a buffer of exactly the right size. The same generated code runs twice: over
// SizeCounter to learn the size, then over Writer to fill the buffer, so the two cannot disagree.
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

 private:
  std::size_t bytes_ = 0;
};

class Writer {
 public:
  // The caller gives at least the bytes that SizeOf told; debug builds assert it.
  explicit Writer(std::span<std::uint8_t> buffer)
      : at_(buffer.data()), end_(buffer.data() + buffer.size()) {}

  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  void U32(std::uint32_t value) { Copy(&value, sizeof(value)); }
  void I32(std::int32_t value) { Copy(&value, sizeof(value)); }
  void I64(std::int64_t value) { Copy(&value, sizeof(value)); }
  void F64(double value) { Copy(&value, sizeof(value)); }
  void I128(const Int128& value) { Copy(value.data(), value.size()); }
  void I256(const Int256& value) { Copy(value.data(), value.size()); }
  void Bool(bool value) { U32(value ? kBoolTrueId : kBoolFalseId); }
  void Raw(std::span<const std::uint8_t> bytes) { Copy(bytes.data(), bytes.size()); }

  // A text longer than TL can express is cut; nothing in the server makes one.
  [[gnu::noinline]] void Bytes(std::string_view text) {
    const std::size_t size = text.size() < kStringBytesMax ? text.size() : kStringBytesMax;
    assert(left() >= BytesSize(size));
    std::uint8_t* const stop = at_ + BytesSize(size);
    if (size < 254) {
      *at_++ = static_cast<std::uint8_t>(size);
    } else {
      U32(static_cast<std::uint32_t>(size << 8 | 254));
    }
    Copy(text.data(), size);
    while (at_ != stop) *at_++ = 0;
  }

 private:
  void Copy(const void* from, std::size_t size) {
    assert(left() >= size);
    if (size != 0) std::memcpy(at_, from, size);
    at_ += size;
  }

  std::uint8_t* at_;
  std::uint8_t* end_;
};

}  // namespace tl
