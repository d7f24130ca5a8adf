#pragma once
// What the tests of texts share: both generated schemas as one, and bytes made by the table of
// history.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tl/api_schema.h"
#include "tl/mt_schema.h"
#include "tl/runtime/text.h"
#include "wire_table.h"

namespace tl {

using Bytes = std::vector<std::uint8_t>;

// MTProto's own, with the API's behind it.
inline const Schema& BothSchemas() {
  static const Schema both = [] {
    Schema schema = mt::kSchema;
    schema.also = &api::kSchema;
    return schema;
  }();
  return both;
}

inline constexpr Limits kWideLimits{.depth_max = 64, .vector_elements_max = 65536};

// Everything shown, nothing cut.
inline TextOptions Whole(int layer = 0) {
  return {.layer = layer,
          .secrets = true,
          .bytes_shown_max = kStringBytesMax,
          .text_bytes_max = std::size_t{1} << 26,
          .limits = kWideLimits};
}

inline ParseOptions At(int layer) {
  return {.layer = layer, .limits = kWideLimits};
}

// Bytes of a text that is known to be good.
inline Bytes Made(std::string_view text, const ParseOptions& options = {}) {
  const Parsed parsed = Parse(text, BothSchemas(), options);
  EXPECT_TRUE(parsed.ok()) << parsed.why << " at " << parsed.error_offset << " of " << text;
  return parsed.bytes;
}

}  // namespace tl
