// The shape of std::expected, which comes with C++23. For refusals that a closed enum names;
// failures of the environment use absl::Status instead.
#pragma once

#include <utility>
#include <variant>

#include "common/check.h"

namespace trunkline {

template <class E>
struct Unexpected {
  E error;
};
template <class E>
Unexpected(E) -> Unexpected<E>;

template <class T, class E>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : value_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  Result(Unexpected<E> failure)                              // NOLINT: implicit by design
      : value_(std::in_place_index<1>, std::move(failure.error)) {}

  bool ok() const { return value_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() {
    CHECK(ok());
    return *std::get_if<0>(&value_);
  }
  const T& value() const {
    CHECK(ok());
    return *std::get_if<0>(&value_);
  }
  const E& error() const {
    CHECK(!ok());
    return *std::get_if<1>(&value_);
  }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, E> value_;
};

}  // namespace trunkline
