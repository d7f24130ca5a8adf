// Every bound of the control channel. Each side refuses what is beyond them; none depends on the
// other's good will.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/time.h"

namespace trunkline::relay::control {

inline constexpr std::uint32_t kProtocolVersion = 1;

// A frame's claim is checked before a byte of it is kept.
inline constexpr std::size_t kFrameHeaderBytes = 4;
inline constexpr std::size_t kFrameBytesMax = 64 * 1024;
// From a relay that hasn't registered, and from a server, which has nothing long to say.
inline constexpr std::size_t kShortFrameBytesMax = 4 * 1024;

inline constexpr std::size_t kNameBytesMax = 64;  // region, domain, a label, a program's version
inline constexpr std::size_t kTextBytesMax = 256;
inline constexpr std::size_t kLabelsMax = 16;
inline constexpr std::size_t kDropReasonsMax = 48;
inline constexpr std::size_t kFlowsPerFrameMax = 512;
inline constexpr std::size_t kFlowBytesMax = 170;  // one Flow as it is written, at most

inline constexpr Duration kBeatEvery{1'000};
inline constexpr Duration kBeatEveryMin{50};
// Four beats missed: the other side is gone. The picker counts the same (kDeadAfter).
inline constexpr Duration kSilenceMax{4'000};
// For the first message of a link, and for the answer to it.
inline constexpr Duration kRegisterWithin{5'000};
// Tags expire by the relay's clock and are minted by the server's; their shortest unit is 64 s and
// both ends round. Ten seconds can't make a good tag bad; any clock that is kept by NTP is within
// a fraction of one.
inline constexpr Duration kClockSkewMax{10'000};
// So many heartbeats in a row with figures that can't be: whoever sends them isn't to be believed.
inline constexpr std::uint32_t kOddBeatsMax = 3;

// What a heartbeat or a capacity may claim; far beyond any machine.
inline constexpr float kPacketsPerSecondMax = 1e10F;
inline constexpr float kBitsPerSecondMax = 1e14F;
inline constexpr std::uint32_t kCallsMax = 100'000'000;
// What a relay may say that it dropped, of each reason: the sum is a number in JSON.
inline constexpr std::uint64_t kDroppedMax = std::uint64_t{1} << 57;
// What a flow may claim: sums of two stay within 64 bits.
inline constexpr std::uint64_t kFlowTrafficMax = std::uint64_t{1} << 60;
inline constexpr std::uint64_t kUnixMsMax = 4'102'444'800'000;  // the year 2100

}  // namespace trunkline::relay::control
