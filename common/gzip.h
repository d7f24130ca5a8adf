// gzip, as TL's gzip_packed carries it: gzip out; gzip or zlib in, since one client library sends
// zlib.
#pragma once

#include <cstddef>
#include <memory>

#include "common/bytes.h"

namespace trunkline {

// What may come out for each byte that went in; small inputs may expand as they like up to the
// floor. TL requests compress five to twenty times.
inline constexpr std::size_t kInflateRatioMax = 200;
inline constexpr std::size_t kInflateRatioFloor = 64 * 1024;
// No message to or from a client is larger, packed or not.
inline constexpr std::size_t kInflatedBytesMax = 10 * 1024 * 1024;

// Keeps zlib's working memory between calls, and takes it only when first needed. Not thread-safe:
// one object belongs to one thread.
class Gzip {
 public:
  Gzip();
  ~Gzip();

  // Unpacks into `out`, replacing it. False, with `out` empty, for damaged or cut data, bytes
  // behind the end of it, or more output than `bytes_max` or the ratio allows.
  bool Inflate(ByteView packed, Bytes& out, std::size_t bytes_max = kInflatedBytesMax);

  // Packs into `out`, replacing it. False, with `out` undefined, unless the result is smaller than
  // `plain`.
  bool Deflate(ByteView plain, Bytes& out);

 private:
  class Inflater;
  class Deflater;
  std::unique_ptr<Inflater> inflater_;
  std::unique_ptr<Deflater> deflater_;
};

}  // namespace trunkline
