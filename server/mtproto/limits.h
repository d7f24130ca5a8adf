// Maxima of the transport and of the key exchange. Each bounds what a peer can make us keep.
#pragma once

#include <chrono>
#include <cstddef>

namespace trunkline::mtproto {

// One packet of a peer that has no key yet: the largest honest one is a key exchange message of
// about half a kilobyte.
inline constexpr std::size_t kStrangerPacketBytesMax = 64 * 1024;
// One packet of a peer with a key: an uploaded part has 512 KiB, a container at most 1,044,448
// bytes in the clients that were looked at; the slack is for the envelope and the padding.
inline constexpr std::size_t kPacketBytesMax = 1024 * 1024 + 4096;
static_assert(kStrangerPacketBytesMax < kPacketBytesMax);

// Key exchanges in progress or just finished, per engine. One costs about 300 bytes after step 1
// and 1.3 KiB after step 2; the oldest goes first.
inline constexpr std::size_t kHandshakesMax = 16 * 1024;
// A duplicate of a request gets the same answer for as long (key exchange: replays).
inline constexpr std::chrono::minutes kHandshakeLifetime{10};
// dh_gen_retry at most this often in one exchange.
inline constexpr int kHandshakeRetriesMax = 5;
// Temporary keys: clients ask for 24 hours; a longer wish is shortened, an absurd one refused.
inline constexpr std::chrono::seconds kTemporaryKeyLifetimeMax = std::chrono::hours(25);
inline constexpr std::chrono::seconds kTemporaryKeyWishMax = std::chrono::hours(7 * 24);

}  // namespace trunkline::mtproto
