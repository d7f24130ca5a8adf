// Texts of values. The first byte picks: any bytes are printed, by id or by layer, and what was
// shown whole must parse to the same bytes; or any text is parsed, and what it means must print and
// come back.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tl/api_schema.h"
#include "tl/mt_schema.h"
#include "tl/runtime/text.h"

namespace {

constexpr int kLayers[] = {0, 133, 198, 229};
constexpr std::string_view kTypes[] = {"", "Vector<long>", "Updates", "Vector<string>"};
constexpr std::size_t kTextBytesMax = std::size_t{1} << 20;

const tl::Schema& Both() {
  static const tl::Schema both = [] {
    tl::Schema schema = tl::mt::kSchema;
    schema.also = &tl::api::kSchema;
    return schema;
  }();
  return both;
}

void PrintAndParse(tl::RawObject bytes, int layer, std::string_view type, bool secrets) {
  const tl::TextOptions options{.layer = layer,
                                .type = type,
                                .secrets = secrets,
                                .bytes_shown_max = kTextBytesMax,
                                .text_bytes_max = kTextBytesMax};
  const tl::Printed printed = tl::PrintNext(bytes, Both(), options);
  if (printed.bytes_read > bytes.size()) __builtin_trap();
  if (printed.text.size() > 2 * kTextBytesMax) __builtin_trap();
  if (!printed.exact) return;
  const tl::Parsed parsed = tl::Parse(printed.text, Both(), {.layer = layer, .type = type});
  const tl::RawObject read = bytes.first(printed.bytes_read);
  if (!parsed.ok() ||
      !std::equal(read.begin(), read.end(), parsed.bytes.begin(), parsed.bytes.end())) {
    __builtin_trap();
  }
}

void ParseAndPrint(std::string_view text, int layer, std::string_view type) {
  const tl::Parsed parsed =
      tl::Parse(text, Both(), {.layer = layer, .type = type, .bytes_max = 65536});
  if (parsed.error_offset > text.size()) __builtin_trap();
  if (!parsed.ok()) return;
  PrintAndParse(parsed.bytes, layer, type, true);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint8_t how = data[0];
  const std::span<const std::uint8_t> rest(data + 1, size - 1);
  const int layer = kLayers[how >> 2 & 3];
  const std::string_view type = kTypes[how >> 4 & 3];
  if ((how & 2) == 0) {
    PrintAndParse(rest, layer, type, (how & 1) != 0);
  } else {
    ParseAndPrint({reinterpret_cast<const char*>(rest.data()), rest.size()}, layer, type);
  }
  return 0;
}
