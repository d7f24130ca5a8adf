#pragma once
// Why bytes could not be read as TL. A closed set: a peer causes every one of these, none of them
// is a fault of ours, and the caller maps them to the protocol's refusals.
#include <cstdint>

namespace tl {

enum class WireError : std::uint8_t {
  kNone,
  kTruncated,           // a read would run past the end
  kUnknownConstructor,  // an id that no constructor of the expected type has, at any layer
  kBadBool,             // neither boolTrue nor boolFalse
  kTooDeep,             // recursive types nested beyond Limits::depth_max
  kTooMany,   // a vector count beyond Limits::vector_elements_max, or more than bytes are left
  kTooLarge,  // a string form that TL does not have, a wrong length, or the arena's limit reached
  kTrailing,  // bytes left after a value that must end its buffer
};

constexpr const char* WireErrorName(WireError error) {
  switch (error) {
    case WireError::kNone:
      return "none";
    case WireError::kTruncated:
      return "truncated";
    case WireError::kUnknownConstructor:
      return "unknown constructor";
    case WireError::kBadBool:
      return "bad bool";
    case WireError::kTooDeep:
      return "too deep";
    case WireError::kTooMany:
      return "too many elements";
    case WireError::kTooLarge:
      return "too large";
    case WireError::kTrailing:
      return "trailing bytes";
  }
  return "?";
}

}  // namespace tl
