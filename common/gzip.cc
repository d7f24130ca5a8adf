#include "common/gzip.h"

#include <zlib.h>

#include <algorithm>

#include "common/check.h"

namespace trunkline {
namespace {

constexpr int kWindowBits = 15;
constexpr int kWriteGzip = 16;   // added to the window bits
constexpr int kDetectBoth = 32;  // gzip or zlib by its first bytes
constexpr int kLevel = 4;        // TL compresses little better above
constexpr int kMemoryLevel = 8;
constexpr std::size_t kFirstOutputBytes = 4096;

void SetInput(z_stream& stream, ByteView bytes) {
  stream.next_in = const_cast<Bytef*>(bytes.data());  // zlib does not write to it
  stream.avail_in = static_cast<uInt>(bytes.size());
}

}  // namespace

class Gzip::Inflater {
 public:
  Inflater() { CHECK(inflateInit2(&stream_, kWindowBits + kDetectBoth) == Z_OK); }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  bool Run(ByteView packed, std::size_t most, Bytes& out) {
    inflateReset(&stream_);
    SetInput(stream_, packed);
    out.resize(std::min(most, std::max(kFirstOutputBytes, packed.size() * 4)));
    for (std::size_t made = 0;;) {
      stream_.next_out = out.data() + made;
      stream_.avail_out = static_cast<uInt>(out.size() - made);
      const int status = inflate(&stream_, Z_NO_FLUSH);
      made = out.size() - stream_.avail_out;
      if (status == Z_STREAM_END) {
        out.resize(made);
        return stream_.avail_in == 0;
      }
      // Anything but "give me more room" is damage or a cut; more room than `most` is a bomb.
      if (status != Z_OK && status != Z_BUF_ERROR) return false;
      if (stream_.avail_out != 0 || out.size() >= most) return false;
      out.resize(std::min(most, out.size() * 2));
    }
  }

 private:
  z_stream stream_{};
};

class Gzip::Deflater {
 public:
  Deflater() {
    CHECK(deflateInit2(&stream_, kLevel, Z_DEFLATED, kWindowBits + kWriteGzip, kMemoryLevel,
                       Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~Deflater() { deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  bool Run(ByteView plain, Bytes& out) {
    deflateReset(&stream_);
    SetInput(stream_, plain);
    out.resize(plain.size() - 1);  // no room for a result that is not smaller
    stream_.next_out = out.data();
    stream_.avail_out = static_cast<uInt>(out.size());
    if (deflate(&stream_, Z_FINISH) != Z_STREAM_END) return false;
    out.resize(out.size() - stream_.avail_out);
    return true;
  }

 private:
  z_stream stream_{};
};

Gzip::Gzip() = default;
Gzip::~Gzip() = default;

bool Gzip::Inflate(ByteView packed, Bytes& out, std::size_t bytes_max) {
  out.clear();
  if (packed.empty() || packed.size() > kInflatedBytesMax) return false;
  const std::size_t by_ratio = std::max(kInflateRatioFloor, packed.size() * kInflateRatioMax);
  const std::size_t most = std::min({bytes_max, kInflatedBytesMax, by_ratio});
  if (most == 0) return false;
  if (!inflater_) inflater_ = std::make_unique<Inflater>();
  const bool good = inflater_->Run(packed, most, out);
  if (!good) out.clear();
  return good;
}

bool Gzip::Deflate(ByteView plain, Bytes& out) {
  if (plain.empty() || plain.size() > kInflatedBytesMax) return false;
  if (!deflater_) deflater_ = std::make_unique<Deflater>();
  return deflater_->Run(plain, out);
}

}  // namespace trunkline
