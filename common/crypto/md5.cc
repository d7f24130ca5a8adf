// The low-level function, as in sha.cc.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "common/crypto/md5.h"

#include <openssl/md5.h>

namespace trunkline::crypto {

Md5Digest Md5(ByteView bytes) {
  Md5Digest digest;
  MD5(bytes.data(), bytes.size(), digest.data());
  return digest;
}

}  // namespace trunkline::crypto
