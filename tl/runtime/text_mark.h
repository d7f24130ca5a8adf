#pragma once
// The fields of {"_error": ...}, which stands where bytes can't be read.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tl/runtime/schema.h"
#include "tl/runtime/text_out.h"

namespace tl::text {

inline constexpr int kIdDigits = 8;

struct Fault {
  std::string_view why;
  std::size_t offset = 0;
  bool of_id = false;    // an id was not expected there
  std::uint32_t id = 0;  // of what line it is, and at which layers, is told then
};

void TellFault(const Fault& fault, const Schema& schema, TextOut& out);

}  // namespace tl::text
