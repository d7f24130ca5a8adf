// Every field of an aggregate, without naming any: so that a field added to a fact is filled and
// compared by the tests below before anybody thinks of them.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/bytes.h"
#include "common/ids.h"
#include "common/secret.h"

namespace trunkline::store {

struct AnyField {
  template <class T>
  operator T() const;
};

template <class T, class... Fields>
consteval std::size_t FieldCount() {
  if constexpr (requires { T{Fields{}..., AnyField{}}; }) {
    return FieldCount<T, Fields..., AnyField>();
  } else {
    return sizeof...(Fields);
  }
}

// The cases needed by facts and their parts; another count doesn't compile.
template <class T>
auto TieFields(T& value) {
  constexpr std::size_t kCount = FieldCount<std::remove_const_t<T>>();
  if constexpr (kCount == 1) {
    auto& [a] = value;
    return std::tie(a);
  } else if constexpr (kCount == 2) {
    auto& [a, b] = value;
    return std::tie(a, b);
  } else if constexpr (kCount == 3) {
    auto& [a, b, c] = value;
    return std::tie(a, b, c);
  } else if constexpr (kCount == 4) {
    auto& [a, b, c, d] = value;
    return std::tie(a, b, c, d);
  } else if constexpr (kCount == 5) {
    auto& [a, b, c, d, e] = value;
    return std::tie(a, b, c, d, e);
  } else if constexpr (kCount == 6) {
    auto& [a, b, c, d, e, f] = value;
    return std::tie(a, b, c, d, e, f);
  } else if constexpr (kCount == 7) {
    auto& [a, b, c, d, e, f, g] = value;
    return std::tie(a, b, c, d, e, f, g);
  } else if constexpr (kCount == 8) {
    auto& [a, b, c, d, e, f, g, h] = value;
    return std::tie(a, b, c, d, e, f, g, h);
  } else if constexpr (kCount == 9) {
    auto& [a, b, c, d, e, f, g, h, i] = value;
    return std::tie(a, b, c, d, e, f, g, h, i);
  } else if constexpr (kCount == 11) {
    auto& [a, b, c, d, e, f, g, h, i, j, k] = value;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k);
  } else if constexpr (kCount == 12) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l] = value;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l);
  } else {
    static_assert(kCount == 17);
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q] = value;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q);
  }
}

// Gives every field a value of its own, none of them a default.
class Filler {
 public:
  void operator()(bool& value) { value = true; }
  void operator()(std::int32_t& value) { value = -++next_; }
  void operator()(std::uint32_t& value) { value = static_cast<std::uint32_t>(++next_) << 8; }
  void operator()(std::int64_t& value) { value = -(std::int64_t{++next_} << 40); }
  // Not UTF-8, with a zero: what a client may send.
  void operator()(std::string& value) { value = absl::StrCat("\xff", ++next_) + '\0'; }
  void operator()(Bytes& value) { value = {0, 255, static_cast<std::uint8_t>(++next_)}; }
  void operator()(AuthKey& value) {
    for (std::uint8_t& byte : value.mutable_view()) byte = static_cast<std::uint8_t>(++next_);
  }
  template <class Tag>
  void operator()(Id<Tag>& value) {
    ++next_;
    value = Id<Tag>((std::int64_t{next_} << 50) + next_);
  }
  template <class T>
  void operator()(std::vector<T>& value) {
    value.resize(2);
    for (T& element : value) (*this)(element);
  }
  template <class T>
  void operator()(T& value) {
    if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(1);
    } else {
      std::apply([this](auto&... field) { ((*this)(field), ...); }, TieFields(value));
    }
  }

 private:
  std::int32_t next_ = 0;
};

// Text that is equal for equal values only.
class Printer {
 public:
  template <class T>
  void operator()(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      absl::StrAppend(&text_, static_cast<int>(value), " ");
    } else if constexpr (std::is_arithmetic_v<T>) {
      absl::StrAppend(&text_, static_cast<std::int64_t>(value), " ");
    } else {
      text_ += "{ ";
      std::apply([this](const auto&... field) { ((*this)(field), ...); }, TieFields(value));
      text_ += "} ";
    }
  }
  void operator()(const std::string& value) { Hex(AsBytes(value)); }
  void operator()(const Bytes& value) { Hex(value); }
  void operator()(const AuthKey& value) { Hex(value.view()); }
  template <class Tag>
  void operator()(const Id<Tag>& value) {
    absl::StrAppend(&text_, value.value(), " ");
  }
  template <class T>
  void operator()(const std::vector<T>& value) {
    text_ += "[ ";
    for (const T& element : value) (*this)(element);
    text_ += "] ";
  }
  const std::string& text() const { return text_; }

 private:
  void Hex(ByteView bytes) { absl::StrAppend(&text_, "x", ToHex(bytes), " "); }

  std::string text_;
};

template <class T>
std::string Print(const T& value) {
  Printer printer;
  printer(value);
  return printer.text();
}

}  // namespace trunkline::store
