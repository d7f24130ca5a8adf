#pragma once
// The fields of one object, written in the order of a text, put into the order of their line.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tl/runtime/text_form.h"

namespace tl::text {

// Where a field was written.
struct Piece {
  std::size_t start = 0;
  std::size_t end = 0;
  bool seen = false;
  bool present = false;  // seen, and not a `true` field that is false
};

// `bytes` from `begin` on holds the pieces, one for each field of the line; afterwards the object's
// fields, flags words made from what is there. Returns why that can't be, or nothing.
std::string Arrange(const Entry& entry, std::span<const Piece> pieces, std::size_t begin,
                    std::vector<std::uint8_t>& bytes);

}  // namespace tl::text
