#pragma once
// Bytes of one layer as a tree, read along that layer's own file. Stricter than a client needs to
// be: padding is zero, lengths take the shorter form, unknown flags and bytes behind are faults.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "peer_schema.h"

namespace trunkline::peer {

struct Tree {
  const Line* line = nullptr;  // of a constructor or a call: `items` are its fields, in order
  bool present = true;         // false for a field whose bit is not set
  std::uint64_t number = 0;    // ints, longs, doubles by their bits; Bool and true: 0 or 1
  std::string text;            // strings, int128, int256, what !X stands for
  std::vector<Tree> items;     // elements of a vector, fields of a constructor
};

// `what` is a boxed type, a method (its call) or `Vector<T>`. On a fault nothing is returned and
// `why` tells it with the fields that lead there.
std::optional<Tree> Parse(const Schema& schema, std::string_view what,
                          std::span<const std::uint8_t> bytes, std::string& why);

}  // namespace trunkline::peer
