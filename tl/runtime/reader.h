#pragma once
// Reads TL from bytes that a stranger may have made. The cursor cannot leave its buffer; after the
// first failure every read gives zero and `ok()` stays false, so callers check once, at the end.
// Strings are views into the buffer, everything else that needs memory comes from the arena.
//
// Generated code reads through a Cursor that it takes and gives back by value, so that the place in
// the buffer stays in registers: were it a member of the Reader, every value stored would force the
// compiler to load it again. The Reader then holds what changes seldom: limits, depth, the error.
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

// The next byte to be read. Its end is the Reader's.
using Cursor = const std::uint8_t*;

// A number that the caller knows to be inside the buffer.
template <class T>
T Load(const std::uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

class Reader {
 public:
  // `bytes` and `arena` must outlive every value read. The arena may be null for scalar reading
  // only.
  Reader(std::span<const std::uint8_t> bytes, Arena* arena, Limits limits = {})
      : cursor_(bytes.data()),
        end_(bytes.data() + bytes.size()),
        arena_(arena == nullptr ? &NoArena() : arena),
        limits_(limits) {}

  bool ok() const { return error_ == WireError::kNone; }
  WireError error() const { return error_; }
  // The id that caused kUnknownConstructor.
  std::uint32_t unknown_id() const { return unknown_id_; }
  bool AtEnd() const { return cursor_ == end_; }
  std::size_t left() const { return left(cursor_); }

  // What is not read yet, without reading it.
  RawObject Rest() const { return {cursor_, end_}; }
  RawObject TakeRest() { return Get<RawObject>(&Reader::TakeRest); }

  // The next word without reading it; 0 when there is none.
  std::uint32_t PeekU32() const { return left() < 4 ? 0 : Load<std::uint32_t>(cursor_); }

  std::uint32_t U32() { return GetNumber<std::uint32_t>(); }
  std::int32_t I32() { return GetNumber<std::int32_t>(); }
  std::int64_t I64() { return GetNumber<std::int64_t>(); }
  double F64() { return GetNumber<double>(); }
  Int128 I128() { return GetNumber<Int128>(); }
  Int256 I256() { return GetNumber<Int256>(); }
  bool Bool() { return Get<bool>(&Reader::Bool); }
  std::string_view Bytes() { return Get<std::string_view>(&Reader::Bytes); }

  RawObject Raw(std::size_t size) {
    RawObject bytes;
    cursor_ = Raw(cursor_, size, bytes);
    return bytes;
  }

  // `Object` whose length stands in front of it (message.bytes).
  RawObject RawOfLength(std::int32_t size) {
    RawObject bytes;
    cursor_ = RawOfLength(cursor_, size, bytes);
    return bytes;
  }

  // The count of a bare vector whose elements take at least `bytes_each_min` on the wire, so a
  // count that cannot be true is refused before memory is taken for it.
  std::size_t Count(std::size_t bytes_each_min) {
    std::size_t count = 0;
    cursor_ = Count(cursor_, bytes_each_min, count);
    return count;
  }

  // The count of `Vector<T>`, which has the vector's id in front.
  std::size_t BoxedCount(std::size_t bytes_each_min) {
    std::size_t count = 0;
    cursor_ = BoxedCount(cursor_, bytes_each_min, count);
    return count;
  }

  // The same by cursor, for generated code. What fails gives the end, so that all that follows
  // fails too, and leaves its target empty.

  Cursor end() const { return end_; }
  std::size_t left(Cursor c) const { return static_cast<std::size_t>(end_ - c); }
  // Whether `bytes` are left. As numbers, because a pointer may not go beyond the end, and one
  // addition is less than a difference.
  bool Has(Cursor c, std::size_t bytes) const {
    return reinterpret_cast<std::uintptr_t>(c) + bytes <= reinterpret_cast<std::uintptr_t>(end_);
  }

  template <class T>
  [[gnu::always_inline]] Cursor Number(Cursor c, T& into) {
    if (!Has(c, sizeof(T))) [[unlikely]] {
      into = T{};
      return Failed(WireError::kTruncated);
    }
    into = Load<T>(c);
    c += sizeof(T);
    return c;
  }

  [[gnu::noinline]] Cursor Bool(Cursor c, bool& into) {
    std::uint32_t id = 0;
    c = Number(c, id);
    into = id == kBoolTrueId;
    return into || id == kBoolFalseId ? c : Failed(WireError::kBadBool);
  }

  // `string` and `bytes`: one length byte up to 253, or 254 and three of them; padded to a word. A
  // length that would fit the short form is taken in the long one too.
  [[gnu::noinline]] Cursor Bytes(Cursor c, std::string_view& into) {
    if (!Has(c, 4)) [[unlikely]]
      return NoBytes(WireError::kTruncated, into);
    std::size_t head = 1;
    std::size_t size = *c;
    if (size >= 254) [[unlikely]] {
      if (size == 255) return NoBytes(WireError::kTooLarge, into);
      head = 4;
      size = Load<std::uint32_t>(c) >> 8;
    }
    const std::size_t padded = (head + size + 3) & ~std::size_t{3};
    if (!Has(c, padded)) [[unlikely]]
      return NoBytes(WireError::kTruncated, into);
    into = {reinterpret_cast<const char*>(c + head), size};
    c += padded;
    return c;
  }

  Cursor Raw(Cursor c, std::size_t size, RawObject& into) {
    if (left(c) < size) {
      into = {};
      return Failed(WireError::kTruncated);
    }
    into = {c, size};
    c += size;
    return c;
  }

  Cursor RawOfLength(Cursor c, std::int32_t size, RawObject& into) {
    if (size >= 0) return Raw(c, static_cast<std::size_t>(size), into);
    into = {};
    return Failed(WireError::kTooLarge);
  }

  Cursor TakeRest(Cursor c, RawObject& into) {
    into = {c, end_};
    return end_;
  }

  Cursor Count(Cursor c, std::size_t bytes_each_min, std::size_t& into) {
    assert(bytes_each_min > 0);
    std::uint32_t count = 0;
    c = Number(c, count);
    into = count;
    if (count <= limits_.vector_elements_max && count <= left(c) / bytes_each_min) return c;
    into = 0;
    return Failed(WireError::kTooMany);
  }

  // Id and count have one check of their bytes.
  [[gnu::always_inline]] Cursor BoxedCount(Cursor c, std::size_t bytes_each_min,
                                           std::size_t& into) {
    if (!Has(c, 8) || Load<std::uint32_t>(c) != kVectorId) [[unlikely]]
      return NoVector(c, into);
    into = Load<std::uint32_t>(c + 4);
    c += 8;
    if (into <= limits_.vector_elements_max && Has(c, into * bytes_each_min)) return c;
    into = 0;
    return Failed(WireError::kTooMany);
  }

  // Vectors of numbers are copied in one piece: the buffer is not aligned for them.
  template <class T>
  [[gnu::noinline]] Cursor NumberVector(Cursor c, std::span<const T>& into) {
    static_assert(std::is_arithmetic_v<T>);
    std::size_t count = 0;
    c = BoxedCount(c, sizeof(T), count);
    const std::span<T> values = NewArray<T>(count);
    into = values;
    if (values.size() != count) return end_;
    if (count != 0) std::memcpy(values.data(), c, values.size_bytes());
    c += values.size_bytes();
    return c;
  }

  [[gnu::noinline]] Cursor BytesVector(Cursor c, std::span<const std::string_view>& into) {
    std::size_t count = 0;
    c = BoxedCount(c, 4, count);
    const std::span<std::string_view> values = NewArray<std::string_view>(count);
    into = values;
    if (values.size() != count) return end_;
    for (std::string_view& value : values) c = Bytes(c, value);
    return c;
  }

  // A T whose members are not set; nullptr (and failed) when the arena's limit is reached.
  template <class T>
  T* New() {
    T* const value = arena_->NewUnset<T>();
    if (value == nullptr) [[unlikely]]
      Fail(WireError::kTooLarge);
    return value;
  }

  // The same where it takes nothing but moving a pointer; false (and not failed) otherwise.
  template <class T>
  [[gnu::always_inline]] bool NewAtOnce(T*& into) {
    return arena_->NewUnsetInBlock(into);
  }

  // Elements are not set; empty (and failed) when the arena's limit is reached.
  template <class T>
  std::span<T> NewArray(std::size_t count) {
    T* first;
    if (arena_->NewUnsetInBlock(count, first)) [[likely]]
      return {first, count};
    if (count == 0) return {};
    first = arena_->NewUnset<T>(count);
    if (first == nullptr) Fail(WireError::kTooLarge);
    return {first, first == nullptr ? 0 : count};
  }

  // Runs `read`, a function from cursor to cursor.
  template <class Read>
  void Advance(Read read) {
    cursor_ = read(cursor_);
  }

  // The first failure is kept; the cursor goes to the end so that nothing more is read.
  [[gnu::noinline, gnu::cold]] void Fail(WireError error) {
    if (error_ == WireError::kNone) error_ = error;
    cursor_ = end_;
  }
  [[gnu::noinline, gnu::cold]] Cursor Failed(WireError error) {
    Fail(error);
    return end_;
  }

  [[gnu::noinline, gnu::cold]] void Unknown(std::uint32_t id) {
    if (ok()) unknown_id_ = id;
    Fail(WireError::kUnknownConstructor);
  }
  [[gnu::noinline, gnu::cold]] Cursor UnknownId(std::uint32_t id) {
    Unknown(id);
    return end_;
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
  // Gives nothing, and so never changes.
  static Arena& NoArena() {
    static Arena none(0, 0);
    return none;
  }

  template <class T>
  T GetNumber() {
    T value{};
    cursor_ = Number(cursor_, value);
    return value;
  }

  template <class T>
  T Get(Cursor (Reader::*read)(Cursor, T&)) {
    T value{};
    cursor_ = (this->*read)(cursor_, value);
    return value;
  }

  [[gnu::noinline, gnu::cold]] Cursor NoVector(Cursor c, std::size_t& into) {
    into = 0;
    std::uint32_t id = 0;
    Number(c, id);
    if (ok() && id != kVectorId) return UnknownId(id);
    return Failed(WireError::kTruncated);
  }

  [[gnu::noinline, gnu::cold]] Cursor NoBytes(WireError error, std::string_view& into) {
    into = {};
    return Failed(error);
  }

  Cursor cursor_;
  Cursor end_;
  Arena* arena_;
  Limits limits_;
  std::uint32_t depth_ = 0;
  std::uint32_t unknown_id_ = 0;
  WireError error_ = WireError::kNone;
};

}  // namespace tl
