// gzip_packed: gzip out, gzip or zlib in (one client library sends zlib). Keeps its working memory
// between calls; one object per engine.
#pragma once

#include <memory>

#include "common/bytes.h"

namespace trunkline::mtproto {

class Gzip {
 public:
  Gzip();
  ~Gzip();

  // Unpacks into `out`, replacing it. False for damaged or cut data, bytes after its end, or more
  // output than session_limits.h allows.
  bool Inflate(ByteView packed, Bytes& out);
  // Packs into `out`, replacing it. False, with `out` undefined, unless the result is smaller than
  // `plain`.
  bool Deflate(ByteView plain, Bytes& out);

 private:
  struct Streams;
  std::unique_ptr<Streams> streams_;
};

}  // namespace trunkline::mtproto
