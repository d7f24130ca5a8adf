#include "server/mtproto/gzip.h"

#include <zlib.h>

#include <algorithm>

#include "common/check.h"
#include "server/mtproto/session_limits.h"

namespace trunkline::mtproto {
namespace {

constexpr int kWindowBits = 15;
constexpr int kWriteGzip = 16;   // added to the window bits
constexpr int kDetectBoth = 32;  // gzip or zlib by its first bytes
constexpr int kLevel = 4;        // TL compresses little better above
constexpr int kMemoryLevel = 8;
constexpr std::size_t kFirstOutput = 4096;

}  // namespace

// Made on first use: most engines never see a packed message.
struct Gzip::Streams {
  z_stream in{};
  z_stream out{};
  Streams() {
    CHECK(inflateInit2(&in, kWindowBits + kDetectBoth) == Z_OK);
    CHECK(deflateInit2(&out, kLevel, Z_DEFLATED, kWindowBits + kWriteGzip, kMemoryLevel,
                       Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~Streams() {
    inflateEnd(&in);
    deflateEnd(&out);
  }
};

Gzip::Gzip() = default;
Gzip::~Gzip() = default;

bool Gzip::Inflate(ByteView packed, Bytes& out) {
  const std::size_t most =
      std::min(kInflatedBytesMax, std::max(kInflateRatioFloor, packed.size() * kInflateRatioMax));
  if (packed.empty() || packed.size() > kInflatedBytesMax) return false;
  if (!streams_) streams_ = std::make_unique<Streams>();
  z_stream& stream = streams_->in;
  inflateReset(&stream);
  stream.next_in = const_cast<Bytef*>(packed.data());  // zlib does not write to it
  stream.avail_in = static_cast<uInt>(packed.size());
  std::size_t made = 0;
  out.resize(std::min(most, std::max(kFirstOutput, packed.size() * 4)));
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

bool Gzip::Deflate(ByteView plain, Bytes& out) {
  if (plain.empty() || plain.size() > kInflatedBytesMax) return false;
  if (!streams_) streams_ = std::make_unique<Streams>();
  z_stream& stream = streams_->out;
  deflateReset(&stream);
  stream.next_in = const_cast<Bytef*>(plain.data());
  stream.avail_in = static_cast<uInt>(plain.size());
  out.resize(plain.size() - 1);  // no room for a result that is not smaller
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) return false;
  out.resize(out.size() - stream.avail_out);
  return true;
}

}  // namespace trunkline::mtproto
