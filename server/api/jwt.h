// JSON web tokens (RFC 7519) of one kind: HS256. What says another algorithm isn't read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/bytes.h"
#include "server/records/oid.h"

namespace trunkline::api {

struct JwtClaims {
  records::Oid credential, organization;  // jti, org
  std::uint32_t scopes = 0;
  std::int64_t issued_s = 0, not_before_s = 0;
  std::int64_t expires_s = 0;  // 0: never
};

// Keys have 32 bytes or more (CHECKed: the caller's duty).
std::string MakeJwt(const JwtClaims& claims, ByteView key);
// nullopt: not ours, not valid at `now_s`, or not a token at all.
std::optional<JwtClaims> ReadJwt(std::string_view token, ByteView key, std::int64_t now_s);

}  // namespace trunkline::api
