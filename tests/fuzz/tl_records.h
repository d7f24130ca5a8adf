#pragma once
// Inputs of the fuzz target over the whole schema: records, one behind the other, of
//   key:u32le  layer:u8  size:u16le  bytes
// where the key is a hash of a type's or method's name, so that seeds outlive a change of the
// schema, and the layer counts from 133. The last record may be cut short.
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace trunkline::fuzz {

inline constexpr std::size_t kRecordHeadBytes = 7;

// FNV-1a.
constexpr std::uint32_t KeyOf(std::string_view name) {
  std::uint32_t key = 2166136261u;
  for (const char c : name) key = (key ^ static_cast<unsigned char>(c)) * 16777619u;
  return key;
}

}  // namespace trunkline::fuzz
