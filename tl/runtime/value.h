#pragma once
// The C++ forms of TL values that generated types are made of. All of them are views: strings,
// bytes and raw objects point into the message buffer, vectors and boxed values into the arena.
// Nothing here owns.
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tl {

using Int128 = std::array<std::uint8_t, 16>;
using Int256 = std::array<std::uint8_t, 32>;

// A boxed object kept as bytes: `Object` in service messages, `query:!X` in wrappers.
using RawObject = std::span<const std::uint8_t>;

inline constexpr std::uint32_t kVectorId = 0x1cb5c415;
inline constexpr std::uint32_t kBoolTrueId = 0x997275b5;
inline constexpr std::uint32_t kBoolFalseId = 0xbc799737;

// Longest string that TL can express: its long form has three length bytes.
inline constexpr std::size_t kStringBytesMax = (std::size_t{1} << 24) - 1;

class SizeCounter;
class Writer;

// What is known about a constructor or method wherever a value of it is held: each has one, so its
// address tells constructors apart.
struct Constructor {
  std::uint32_t id;  // the newest
  // Layers where it exists, both ends included, and a hole between them (empty: first > last).
  std::int16_t first;
  std::int16_t last;
  std::int16_t hole_first;
  std::int16_t hole_last;
  // The value with its id, as of a layer.
  SizeCounter (*count)(SizeCounter sink, const void* value, int layer);
  Writer (*write)(Writer sink, const void* value, int layer);

  bool ExistsAt(int layer) const {
    return first <= layer && layer <= last && !(hole_first <= layer && layer <= hole_last);
  }
};

// A value of a boxed type: which constructor, and where. Empty when default constructed, which
// stands for an absent optional field. The constructor's value must outlive it.
class Boxed {
 public:
  constexpr Boxed() = default;

  // The constructor's newest id, whatever id it was read under; 0 when empty.
  constexpr std::uint32_t id() const { return constructor_ == nullptr ? 0 : constructor_->id; }
  constexpr const void* value() const { return value_; }
  constexpr explicit operator bool() const { return value_ != nullptr; }

  // Whether it can be written at a layer.
  bool Expressible(int layer) const { return value_ != nullptr && constructor_->ExistsAt(layer); }

  // nullptr when the value is of another constructor.
  template <class C>
  constexpr const C* As() const {
    return constructor_ == &C::kConstructor ? static_cast<const C*>(value_) : nullptr;
  }

  // The value with its id. Only for values that are Expressible.
  inline SizeCounter Put(SizeCounter sink, int layer = 0) const;
  inline Writer Put(Writer sink, int layer = 0) const;

 protected:
  constexpr Boxed(const Constructor* constructor, const void* value)
      : constructor_(value == nullptr ? nullptr : constructor), value_(value) {}

 private:
  const Constructor* constructor_ = nullptr;
  const void* value_ = nullptr;
};

// C is a constructor of the boxed type Any.
template <class C, class Any>
concept ConstructorOf = std::same_as<typename C::Type, Any>;

// C is a constructor or method of the schema that Tag names.
template <class C, class Tag>
concept OfSchema = std::same_as<typename C::Schema, Tag>;

// Every field zero, empty or absent: the one value of constructors without fields, and what stands
// in a mandatory place whose value a layer can't express.
template <class C>
inline constexpr C kNeutral{};

}  // namespace tl
