#include "common/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "common/check.h"

namespace trunkline {
namespace {

constexpr int kWindowBits = 15;
constexpr int kWriteGzip = 16;   // added to the window bits
constexpr int kDetectBoth = 32;  // gzip or zlib by its first bytes
constexpr int kLevel = 4;        // TL compresses little better above
constexpr int kMemoryLevel = 8;
constexpr std::size_t kFirstOutputBytes = 4096;

bool Run(z_stream& stream, std::size_t most, Bytes& out) {
  std::size_t made = 0;
  for (;;) {
    stream.next_out = out.data() + made;
    stream.avail_out = static_cast<uInt>(out.size() - made);
    const int status = inflate(&stream, Z_NO_FLUSH);
    made = out.size() - stream.avail_out;
    if (status == Z_STREAM_END) {
      out.resize(made);
      return stream.avail_in == 0;
    }
    // Anything but "give me more room" is damage or a cut; more room than `most` is a bomb.
    if (status != Z_OK && status != Z_BUF_ERROR) return false;
    if (stream.avail_out != 0 || out.size() >= most) return false;
    out.resize(std::min(most, out.size() * 2));
  }
}

}  // namespace

bool Inflate(ByteView packed, std::size_t bytes_max, Bytes& out) {
  out.clear();
  if (packed.empty() || packed.size() > kInflatedBytesMax) return false;
  const std::size_t by_ratio = std::max(kInflateRatioFloor, packed.size() * kInflateRatioMax);
  const std::size_t most = std::min({bytes_max, kInflatedBytesMax, by_ratio});
  if (most == 0) return false;
  z_stream stream{};
  CHECK(inflateInit2(&stream, kWindowBits + kDetectBoth) == Z_OK);
  stream.next_in = const_cast<Bytef*>(packed.data());  // zlib does not write to it
  stream.avail_in = static_cast<uInt>(packed.size());
  out.resize(std::min(most, std::max(kFirstOutputBytes, packed.size() * 4)));
  const bool ok = Run(stream, most, out);
  inflateEnd(&stream);
  if (!ok) out.clear();
  return ok;
}

Bytes Gzip(ByteView plain) {
  CHECK(plain.size() <= std::numeric_limits<uInt>::max() / 2);
  z_stream stream{};
  CHECK(deflateInit2(&stream, kLevel, Z_DEFLATED, kWindowBits + kWriteGzip, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) == Z_OK);
  Bytes out(deflateBound(&stream, static_cast<uLong>(plain.size())));
  stream.next_in = const_cast<Bytef*>(plain.data());
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace trunkline
