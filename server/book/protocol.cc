#include "server/book/protocol.h"

#include <algorithm>
#include <string_view>

#include "server/book/limits.h"

namespace trunkline::book {
namespace {

// Layers that any client still alive offers: 65 to 92.
constexpr std::int32_t kLayerMin = 65;
constexpr std::int32_t kLayerMax = 92;

// The next part's digits without leading zeros, so that length and then text order them.
std::string_view TakePart(std::string_view& rest) {
  const std::size_t dot = std::min(rest.find('.'), rest.size());
  std::string_view part = rest.substr(0, dot);
  rest.remove_prefix(std::min(dot + 1, rest.size()));
  while (part.size() > 1 && part.front() == '0') part.remove_prefix(1);
  return part;
}

bool Holds(const std::vector<std::string>& versions, const std::string& version) {
  return std::find(versions.begin(), versions.end(), version) != versions.end();
}

std::vector<std::string> Common(const Protocol& a, const Protocol& b) {
  const std::vector<std::string> oldest = {kLibtgvoipVersion};
  const auto& first = a.library_versions.empty() ? b.library_versions : a.library_versions;
  const auto& second = b.library_versions.empty() ? a.library_versions : b.library_versions;
  if (first.empty()) return oldest;
  std::vector<std::string> common;
  for (const std::string& version : first) {
    if (Holds(second, version)) common.push_back(version);
  }
  return common;
}

std::string Best(std::vector<std::string> versions, bool prefer_below_10) {
  std::sort(versions.begin(), versions.end(), VersionLess);
  if (prefer_below_10) {
    const auto ten = std::lower_bound(versions.begin(), versions.end(), "10.0.0", VersionLess);
    if (ten != versions.begin()) return *(ten - 1);
  }
  return versions.back();
}

}  // namespace

bool VersionLess(const std::string& a, const std::string& b) {
  std::string_view left = a, right = b;
  while (!left.empty() || !right.empty()) {
    const std::string_view x = TakePart(left), y = TakePart(right);
    if (x.size() != y.size()) return x.size() < y.size();
    if (x != y) return x < y;
  }
  return false;
}

Refusal CheckProtocol(const Protocol& protocol) {
  if (!protocol.udp_p2p && !protocol.udp_reflector) return Refusal::kCallProtocolFlagsInvalid;
  const bool in_order = protocol.min_layer <= protocol.max_layer;
  if (!in_order || protocol.max_layer < kLayerMin || protocol.min_layer > kLayerMax) {
    return Refusal::kCallProtocolLayerInvalid;
  }
  const auto& versions = protocol.library_versions;
  const bool bounded = versions.size() <= kVersionsMax &&
                       std::all_of(versions.begin(), versions.end(), [](const std::string& v) {
                         return !v.empty() && v.size() <= kVersionBytesMax;
                       });
  return bounded ? Refusal::kNone : Refusal::kCallProtocolLayerInvalid;
}

std::optional<Protocol> MergeProtocols(const Protocol& caller, const Protocol& callee,
                                       bool prefer_below_10) {
  Protocol merged;
  merged.min_layer = std::max(caller.min_layer, callee.min_layer);
  merged.max_layer = std::min(caller.max_layer, callee.max_layer);
  if (merged.min_layer > merged.max_layer) return std::nullopt;
  merged.udp_p2p = caller.udp_p2p && callee.udp_p2p;
  merged.udp_reflector = caller.udp_reflector && callee.udp_reflector;
  // A relay is always offered.
  if (!merged.udp_p2p) merged.udp_reflector = true;
  const std::vector<std::string> common = Common(caller, callee);
  if (common.empty()) return std::nullopt;
  merged.library_versions = {Best(common, prefer_below_10)};
  return merged;
}

}  // namespace trunkline::book
