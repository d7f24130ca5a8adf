// Any bytes as any type, call or vector of the whole schema (tl_records.h says how an input names
// them). What was read whole and written for a layer must be read again, and then come out the
// same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "tests/fuzz/tl_records.h"
#include "tl/api_rewrite.h"

namespace {

using Bytes = std::vector<std::uint8_t>;

std::string_view NameOf(std::uint32_t key) {
  static const std::map<std::uint32_t, std::string_view> names = [] {
    std::map<std::uint32_t, std::string_view> made;
    for (const std::string_view name : tl::api::RewriteNames()) {
      made.emplace(trunkline::fuzz::KeyOf(name), name);
    }
    return made;
  }();
  const auto known = names.find(key);
  const auto all = tl::api::RewriteNames();
  return known == names.end() ? all[key % all.size()] : known->second;
}

void Run(std::string_view name, int layer, std::span<const std::uint8_t> bytes) {
  static tl::Arena arena;
  static Bytes once;
  static Bytes twice;
  once.clear();
  twice.clear();
  arena.Reset();
  tl::Reader reader(bytes, &arena);
  // A sound call of another method is refused too, so `ok` alone does not mean that it was written.
  if (!tl::api::Rewrite(name, reader, layer, once)) return;
  if (!reader.ok()) __builtin_trap();
  // A call can be written for a layer that lacks the types it is made of; no client does.
  if (once.empty() || tl::api::IsMethod(tl::Reader(once, nullptr).PeekU32())) return;
  arena.Reset();
  tl::Reader again(once, &arena);
  if (!tl::api::Rewrite(name, again, layer, twice) || twice != once) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using trunkline::fuzz::kRecordHeadBytes;
  constexpr int kLayers = tl::api::kLayerMax - tl::api::kLayerMin + 1;
  std::span<const std::uint8_t> rest(data, size);
  while (rest.size() >= kRecordHeadBytes) {
    const std::uint32_t key = static_cast<std::uint32_t>(rest[0] | rest[1] << 8 | rest[2] << 16) |
                              static_cast<std::uint32_t>(rest[3]) << 24;
    const int layer = tl::api::kLayerMin + rest[4] % kLayers;
    const auto length = static_cast<std::size_t>(rest[5] | rest[6] << 8);
    rest = rest.subspan(kRecordHeadBytes);
    const std::size_t taken = std::min(length, rest.size());
    Run(NameOf(key), layer, rest.first(taken));
    rest = rest.subspan(taken);
  }
  return 0;
}
