#pragma once
// Reads TL from bytes that a stranger may have made. The cursor cannot leave its buffer; after the
// first failure every read gives zero and `ok()` stays false, so callers check once, at the end.
// Strings are views into the buffer, everything else that needs memory comes from the arena. Only
// numbers are read inline: there are a thousand generated functions, and what they share is better
// called than repeated.
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "tl/runtime/arena.h"
#include "tl/runtime/value.h"
#include "tl/runtime/wire_error.h"

namespace tl {

static_assert(std::endian::native == std::endian::little, "TL numbers are copied as they are");

struct Limits {
  // Levels of types that can contain themselves (input peers, JSON, rich text); real clients need
  // six.
  std::uint32_t depth_max = 32;
  // Elements of one vector. The largest honest one, a phone book, has some thousands.
  std::uint32_t vector_elements_max = 65536;
};

class Reader {
 public:
  // `bytes` and `arena` must outlive every value read. The arena may be null for scalar reading
  // only.
  Reader(std::span<const std::uint8_t> bytes, Arena* arena, Limits limits = {})
      : at_(bytes.data()), end_(bytes.data() + bytes.size()), arena_(arena), limits_(limits) {}

  bool ok() const { return error_ == WireError::kNone; }
  WireError error() const { return error_; }
  // The id that caused kUnknownConstructor.
  std::uint32_t unknown_id() const { return unknown_id_; }
  bool AtEnd() const { return at_ == end_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  // What is not read yet, without reading it.
  RawObject Rest() const { return {at_, end_}; }
  RawObject TakeRest() {
    const RawObject rest = Rest();
    at_ = end_;
    return rest;
  }

  // The next word without reading it; 0 when there is none.
  std::uint32_t PeekU32() const {
    std::uint32_t value = 0;
    if (left() >= sizeof(value)) std::memcpy(&value, at_, sizeof(value));
    return value;
  }

  std::uint32_t U32() { return Number<std::uint32_t>(); }
  std::int32_t I32() { return Number<std::int32_t>(); }
  std::int64_t I64() { return Number<std::int64_t>(); }
  double F64() { return Number<double>(); }
  Int128 I128() { return Number<Int128>(); }
  Int256 I256() { return Number<Int256>(); }

  [[gnu::noinline]] bool Bool() {
    const std::uint32_t id = U32();
    if (id != kBoolTrueId && id != kBoolFalseId) Fail(WireError::kBadBool);
    return id == kBoolTrueId;
  }

  // `string` and `bytes`: one length byte up to 253, or 254 and three of them; padded to a word. A
  // length that would fit the short form is taken in the long one too.
  [[gnu::noinline]] std::string_view Bytes() {
    if (at_ == end_) return FailEmpty(WireError::kTruncated);
    std::size_t head = 1;
    std::size_t size = *at_;
    if (size >= 254) {
      if (size == 255) return FailEmpty(WireError::kTooLarge);
      if (left() < 4) return FailEmpty(WireError::kTruncated);
      head = 4;
      size = at_[1] | std::size_t{at_[2]} << 8 | std::size_t{at_[3]} << 16;
    }
    const std::size_t padded = (head + size + 3) & ~std::size_t{3};
    if (left() < padded) return FailEmpty(WireError::kTruncated);
    const std::string_view text(reinterpret_cast<const char*>(at_ + head), size);
    at_ += padded;
    return text;
  }

  RawObject Raw(std::size_t size) {
    if (left() < size) {
      Fail(WireError::kTruncated);
      return {};
    }
    const RawObject bytes(at_, size);
    at_ += size;
    return bytes;
  }

  // `Object` whose length stands in front of it (message.bytes).
  RawObject RawOfLength(std::int32_t size) {
    if (size >= 0) return Raw(static_cast<std::size_t>(size));
    Fail(WireError::kTooLarge);
    return {};
  }

  // The count of a bare vector whose elements take at least `bytes_each_min` on the wire, so a
  // count that cannot be true is refused before memory is taken for it.
  std::size_t Count(std::size_t bytes_each_min) {
    assert(bytes_each_min > 0);
    const std::uint32_t count = U32();
    if (count > limits_.vector_elements_max || count > left() / bytes_each_min) {
      Fail(WireError::kTooMany);
      return 0;
    }
    return count;
  }

  // The count of `Vector<T>`, which has the vector's id in front.
  [[gnu::noinline]] std::size_t BoxedCount(std::size_t bytes_each_min) {
    const std::uint32_t id = U32();
    if (id == kVectorId) return Count(bytes_each_min);
    if (ok()) Unknown(id);
    return 0;
  }

  template <class T>
  T* New() {
    T* const value = arena_ == nullptr ? nullptr : arena_->New<T>();
    if (value == nullptr) Fail(WireError::kTooLarge);
    return value;
  }

  template <class T>
  std::span<T> NewArray(std::size_t count) {
    if (count == 0) return {};
    const std::span<T> values = arena_ == nullptr ? std::span<T>() : arena_->NewArray<T>(count);
    if (values.empty()) Fail(WireError::kTooLarge);
    return values;
  }

  // Vectors of numbers are copied in one piece: the buffer is not aligned for them.
  template <class T>
  [[gnu::noinline]] std::span<const T> NumberVector() {
    static_assert(std::is_arithmetic_v<T>);
    const std::span<T> values = NewArray<T>(BoxedCount(sizeof(T)));
    if (values.empty()) return {};
    std::memcpy(values.data(), at_, values.size_bytes());
    at_ += values.size_bytes();
    return values;
  }

  [[gnu::noinline]] std::span<const std::string_view> BytesVector() {
    const std::span<std::string_view> values = NewArray<std::string_view>(BoxedCount(4));
    for (std::string_view& value : values) value = Bytes();
    return values;
  }

  // The first failure is kept; the cursor goes to the end so that nothing more is read.
  [[gnu::noinline, gnu::cold]] void Fail(WireError error) {
    if (error_ == WireError::kNone) error_ = error;
    at_ = end_;
  }

  [[gnu::noinline, gnu::cold]] void Unknown(std::uint32_t id) {
    if (ok()) unknown_id_ = id;
    Fail(WireError::kUnknownConstructor);
  }

  // Fails with kTrailing unless the whole buffer was read.
  bool ExpectEnd() {
    if (!AtEnd()) Fail(WireError::kTrailing);
    return ok();
  }

  // One level of a type that can contain itself.
  class Nest {
   public:
    explicit Nest(Reader& reader) : reader_(reader) {
      if (++reader_.depth_ > reader_.limits_.depth_max) reader_.Fail(WireError::kTooDeep);
    }
    ~Nest() { --reader_.depth_; }
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;

   private:
    Reader& reader_;
  };

 private:
  template <class T>
  T Number() {
    T value{};
    if (left() < sizeof(T)) {
      Fail(WireError::kTruncated);
      return value;
    }
    std::memcpy(&value, at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }

  std::string_view FailEmpty(WireError error) {
    Fail(error);
    return {};
  }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  Arena* arena_;
  Limits limits_;
  std::uint32_t depth_ = 0;
  std::uint32_t unknown_id_ = 0;
  WireError error_ = WireError::kNone;
};

}  // namespace tl
