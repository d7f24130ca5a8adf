// gzip, as TL's gzip_packed carries it: gzip out; gzip or zlib in, since one client library sends
// zlib. Every call stands alone, on any thread.
#pragma once

#include <cstddef>

#include "common/bytes.h"

namespace trunkline {

// What may come out for each byte that went in; small inputs may expand as they like up to the
// floor. TL requests compress five to twenty times.
inline constexpr std::size_t kInflateRatioMax = 200;
inline constexpr std::size_t kInflateRatioFloor = 64 * 1024;
// No message to or from a client is larger, packed or not.
inline constexpr std::size_t kInflatedBytesMax = 10 * 1024 * 1024;

// Unpacks into `out`, replacing it. False, with `out` empty, for damaged or cut data, bytes behind
// the end of it, or more output than `bytes_max` or the ratio allows.
bool Inflate(ByteView packed, std::size_t bytes_max, Bytes& out);

// Always succeeds; the result may be larger than `plain`.
Bytes Gzip(ByteView plain);

}  // namespace trunkline
