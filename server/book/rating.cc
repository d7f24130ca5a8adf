#include "server/book/rating.h"

#include <algorithm>
#include <iterator>

namespace trunkline::book {
namespace {

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

std::uint32_t RatingTags(std::string_view comment) {
  std::uint32_t tags = 0;
  for (std::size_t at = comment.find('#'); at != comment.npos; at = comment.find('#', at + 1)) {
    const auto from = comment.begin() + static_cast<std::ptrdiff_t>(at) + 1;
    const std::string_view word(from, std::find_if_not(from, comment.end(), IsWord));
    const auto* const known = std::find(std::begin(kRatingTags), std::end(kRatingTags), word);
    if (known != std::end(kRatingTags)) tags |= 1u << (known - std::begin(kRatingTags));
  }
  return tags;
}

}  // namespace trunkline::book
