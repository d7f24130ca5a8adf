#include "server/picker/turn_credentials.h"

#include "absl/strings/escaping.h"
#include "common/crypto/sha.h"

namespace trunkline::picker {

TurnCredentials MintTurnCredentials(std::string_view secret, std::string_view name, WallTime expiry,
                                    char separator) {
  TurnCredentials minted;
  minted.username = std::to_string(UnixSeconds(expiry));
  minted.username += separator;
  minted.username += name;
  const crypto::Sha1Digest mac = crypto::HmacSha1(AsBytes(secret), AsBytes(minted.username));
  minted.password = absl::Base64Escape({AsText(mac).data(), mac.size()});
  return minted;
}

}  // namespace trunkline::picker
