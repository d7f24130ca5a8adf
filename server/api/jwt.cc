#include "server/api/jwt.h"

#include <optional>
#include <string>

#include "absl/strings/escaping.h"
#include "boost/json.hpp"
#include "common/check.h"
#include "common/crypto/sha.h"
#include "common/secret.h"
#include "server/api/scopes.h"
#include "server/api/strict_json.h"

namespace trunkline::api {
namespace {

namespace json = boost::json;

constexpr std::size_t kTokenBytesMax = 2048, kKeyBytesMin = 32;

std::string Encoded(std::string_view bytes) {
  return absl::WebSafeBase64Escape(absl::string_view(bytes.data(), bytes.size()));
}

// Only the one spelling that an encoder gives: otherwise one token would have many texts.
std::optional<std::string> Decoded(std::string_view text) {
  std::string bytes;
  const bool ok = absl::WebSafeBase64Unescape(absl::string_view(text.data(), text.size()), &bytes);
  if (!ok || Encoded(bytes) != text) return std::nullopt;
  return bytes;
}

std::string SignatureOf(std::string_view signed_part, ByteView key) {
  const crypto::Sha256Digest digest = crypto::HmacSha256(key, AsBytes(signed_part));
  return Encoded(AsText(digest));
}

std::optional<json::object> ObjectIn(std::string_view part) {
  const auto text = Decoded(part);
  if (!text) return std::nullopt;
  StrictJson read = ParseStrict(*text);
  if (!read.ok() || !read.value.is_object()) return std::nullopt;
  return std::move(read.value.as_object());
}

std::optional<std::string_view> TextOf(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string_view(value->as_string().data(), value->as_string().size());
}

// Absent: `otherwise`. nullopt: not a time.
std::optional<std::int64_t> SecondsOf(const json::object& object, const char* name,
                                      std::int64_t otherwise) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return otherwise;
  if (!value->is_int64() || value->as_int64() < 0) return std::nullopt;
  return value->as_int64();
}

bool IsHs256(const json::object& header) {
  if (header.contains("crit")) return false;  // RFC 7515: what isn't understood must not pass
  return TextOf(header, "alg") == "HS256";
}

std::optional<JwtClaims> ClaimsOf(const json::object& body) {
  const auto credential = records::Oid::Parse(TextOf(body, "jti").value_or(""));
  const auto organization = records::Oid::Parse(TextOf(body, "org").value_or(""));
  const auto scopes = ParseScopes(TextOf(body, "scope").value_or("?"));
  const auto issued = SecondsOf(body, "iat", 0), not_before = SecondsOf(body, "nbf", 0);
  const auto expires = SecondsOf(body, "exp", 0);
  if (!credential || !organization || !scopes || !issued || !not_before || !expires) {
    return std::nullopt;
  }
  if (body.contains("exp") && *expires == 0) return std::nullopt;
  return JwtClaims{*credential, *organization, *scopes, *issued, *not_before, *expires};
}

}  // namespace

std::string MakeJwt(const JwtClaims& claims, ByteView key) {
  CHECK(key.size() >= kKeyBytesMin);
  json::object body{{"iss", "trunkline"},
                    {"jti", claims.credential.Hex()},
                    {"org", claims.organization.Hex()},
                    {"scope", ScopeText(claims.scopes)},
                    {"iat", claims.issued_s},
                    {"nbf", claims.not_before_s}};
  if (claims.expires_s != 0) body["exp"] = claims.expires_s;
  const std::string token =
      Encoded(R"({"alg":"HS256","typ":"JWT"})") + "." + Encoded(json::serialize(body));
  return token + "." + SignatureOf(token, key);
}

std::optional<JwtClaims> ReadJwt(std::string_view token, ByteView key, std::int64_t now_s) {
  if (token.size() > kTokenBytesMax || key.size() < kKeyBytesMin) return std::nullopt;
  const std::size_t first = token.find('.'), last = token.rfind('.');
  if (first == std::string_view::npos || token.find('.', first + 1) != last) return std::nullopt;
  if (first == last) return std::nullopt;
  const std::string_view signed_part = token.substr(0, last);
  // Before anything inside is looked at.
  const std::string signature = SignatureOf(signed_part, key);
  if (!SecretEquals(AsBytes(signature), AsBytes(token.substr(last + 1)))) return std::nullopt;
  const auto header = ObjectIn(token.substr(0, first));
  if (!header || !IsHs256(*header)) return std::nullopt;
  const auto body = ObjectIn(token.substr(first + 1, last - first - 1));
  if (!body) return std::nullopt;
  const auto claims = ClaimsOf(*body);
  if (!claims || claims->not_before_s > now_s) return std::nullopt;
  if (claims->expires_s != 0 && claims->expires_s <= now_s) return std::nullopt;
  return claims;
}

}  // namespace trunkline::api
