// Any bytes through the generated readers: the first byte picks methods, MTProto's own objects or
// updates. What was read whole must be writable at an old, an odd and the newest layer, in just its
// size.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tl/api_types.h"
#include "tl/mt_types.h"

namespace {

void WriteUpdates(const tl::api::AnyUpdates& updates) {
  std::vector<std::uint8_t> out;
  for (const int layer : {133, 198, tl::api::kLayerMax}) {
    out.clear();
    tl::AppendTo(out, updates, layer);
    if (out.size() != tl::SizeOf(updates, layer)) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static tl::Arena arena;
  arena.Reset();
  tl::Reader reader(std::span(data + 1, size - 1), &arena);
  switch (data[0] % 3) {
    case 0: {
      tl::api::AnyMethod method;
      if (tl::api::ReadMethod(reader, method) != reader.ok()) __builtin_trap();
      break;
    }
    case 1: {
      tl::mt::AnyObject object;
      if (tl::mt::ReadObject(reader, object) != reader.ok()) __builtin_trap();
      break;
    }
    default: {
      const auto updates = tl::Read<tl::api::AnyUpdates>(reader);
      if (reader.ok()) WriteUpdates(updates);
    }
  }
  return 0;
}
