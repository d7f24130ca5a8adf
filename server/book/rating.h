// What users say was wrong with a call: hashtags in the comment of phone.setCallRating.
#pragma once

#include <cstdint>
#include <string_view>

namespace trunkline::book {

// In the order in which they are kept, as bits from 0.
inline constexpr std::string_view kRatingTags[] = {
    "echo",          "noise",   "interruptions",   "distorted_speech", "silent_local",
    "silent_remote", "dropped", "distorted_video", "pixelated_video"};

// Bits of the tags that stand in the comment as whole words (#echo, not #echoes).
std::uint32_t RatingTags(std::string_view comment);

}  // namespace trunkline::book
