#include "server/api/keyring.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "common/crypto/sha.h"
#include "server/api/jwt.h"
#include "server/api/target.h"

namespace trunkline::api {
namespace {

using records::Credential;
using records::CredentialKind;
using records::Oid;

constexpr std::size_t kSecretBytes = 32, kHeaderBytesMax = 4096;
constexpr std::string_view kScheme = "bearer", kApiKeyPrefix = "tlk_", kClientPrefix = "tls_";
constexpr std::int64_t kDayMs = 24 * 3600 * 1000ll;

std::string HashOf(std::string_view secret) {
  return std::string(AsText(crypto::Sha256(AsBytes(secret))));
}

std::string Lower(std::string_view text) {
  return absl::AsciiStrToLower(absl::string_view(text.data(), text.size()));
}

// When it ends, in milliseconds; 0: never.
std::int64_t EndOf(const Credential& credential) {
  if (credential.kind != CredentialKind::kClient) return credential.expires_ms;
  const std::int64_t latest = credential.created_ms + kClientSecretDaysMax * kDayMs;
  return credential.expires_ms == 0 ? latest : std::min(latest, credential.expires_ms);
}

bool IsGood(const Credential& credential, std::int64_t now_ms) {
  const std::int64_t end = EndOf(credential);
  return !credential.revoked && (end == 0 || now_ms < end);
}

Principal PrincipalOf(const Credential& credential, std::uint32_t scopes) {
  return {credential.id, credential.organization, credential.user, scopes};
}

// Empty: the header is of no such scheme.
std::string_view TokenIn(std::string_view header) {
  if (header.size() > kHeaderBytesMax || header.size() <= kScheme.size()) return {};
  if (!EqualsIgnoringCase(header.substr(0, kScheme.size()), kScheme)) return {};
  std::string_view token = header.substr(kScheme.size());
  if (token.front() != ' ') return {};
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  return token.find_first_of(" ,\t") == std::string_view::npos ? token : std::string_view();
}

}  // namespace

struct Keyring::Known {
  absl::flat_hash_map<Oid, Credential> by_id;
  absl::flat_hash_map<std::string, Oid> api_keys;  // by hash
  absl::flat_hash_map<Oid, Oid> passwords;         // by user; the last that isn't revoked
  absl::flat_hash_map<std::string, Oid> labels;    // of hosts

  const Credential* Find(Oid id) const {
    const auto found = by_id.find(id);
    return found == by_id.end() ? nullptr : &found->second;
  }
};

NewSecret MakeSecret(CredentialKind kind, Entropy& entropy) {
  SecretBytes<kSecretBytes> bytes;
  entropy.Fill(bytes.mutable_view());
  const std::string_view view = AsText(bytes.view());
  NewSecret made;
  made.text = kind == CredentialKind::kClient ? kClientPrefix : kApiKeyPrefix;
  made.text += absl::WebSafeBase64Escape(absl::string_view(view.data(), view.size()));
  made.hash = HashOf(made.text);
  return made;
}

Keyring::Keyring(const SecretBytes<kJwtKeyBytes>& jwt_key)
    : jwt_key_(jwt_key), known_(std::make_shared<Known>()) {}

Keyring::~Keyring() = default;

std::shared_ptr<const Keyring::Known> Keyring::known() const {
  const std::lock_guard lock(mutex_);
  return known_;
}

absl::Status Keyring::Fill(records::Reader& reader) {
  auto credentials = reader.Credentials();
  if (!credentials.ok()) return credentials.status();
  auto organizations = reader.Organizations();
  if (!organizations.ok()) return organizations.status();
  auto known = std::make_shared<Known>();
  for (Credential& credential : *credentials) {
    if (credential.kind == CredentialKind::kApiKey) {
      known->api_keys.emplace(credential.hash, credential.id);
    }
    if (credential.kind == CredentialKind::kPassword && credential.user && !credential.revoked) {
      known->passwords.insert_or_assign(*credential.user, credential.id);
    }
    const Oid id = credential.id;
    known->by_id.emplace(id, std::move(credential));
  }
  for (const records::Organization& organization : *organizations) {
    if (organization.host_label.empty()) continue;
    known->labels.emplace(Lower(organization.host_label), organization.id);
  }
  const std::lock_guard lock(mutex_);
  known_ = std::move(known);
  return absl::OkStatus();
}

std::optional<Principal> Keyring::Find(std::string_view authorization, std::int64_t now_ms) const {
  const std::string_view token = TokenIn(authorization);
  if (token.empty()) return std::nullopt;
  const auto known = this->known();
  if (token.starts_with(kApiKeyPrefix)) {
    const auto found = known->api_keys.find(HashOf(token));
    if (found == known->api_keys.end()) return std::nullopt;
    const Credential& credential = *known->Find(found->second);
    if (!IsGood(credential, now_ms)) return std::nullopt;
    return PrincipalOf(credential, credential.scopes);
  }
  const auto claims = ReadJwt(token, jwt_key_.view(), now_ms / 1000);
  if (!claims) return std::nullopt;
  const Credential* credential = known->Find(claims->credential);
  if (credential == nullptr || credential->kind == CredentialKind::kApiKey) return std::nullopt;
  if (credential->organization != claims->organization || !IsGood(*credential, now_ms)) {
    return std::nullopt;
  }
  return PrincipalOf(*credential, credential->scopes & claims->scopes);
}

std::string Keyring::JwtOf(const Credential& credential, std::int64_t now_ms) const {
  JwtClaims claims{credential.id, credential.organization, credential.scopes};
  claims.issued_s = claims.not_before_s = now_ms / 1000;
  claims.expires_s = credential.expires_ms / 1000;
  return MakeJwt(claims, jwt_key_.view());
}

std::optional<std::string> Keyring::AccessToken(std::string_view client_id, std::string_view secret,
                                                std::int64_t now_ms) const {
  const auto id = Oid::Parse(client_id);
  const auto known = this->known();
  const Credential* credential = id ? known->Find(*id) : nullptr;
  const bool is_client = credential != nullptr && credential->kind == CredentialKind::kClient;
  const std::string shown = HashOf(secret), kept = is_client ? credential->hash : "";
  if (!SecretEquals(AsBytes(shown), AsBytes(kept)) || !IsGood(*credential, now_ms)) {
    return std::nullopt;
  }
  return TokenFor(*credential, now_ms, kAccessTokenSeconds);
}

std::string Keyring::TokenFor(const Credential& credential, std::int64_t now_ms,
                              std::int64_t seconds) const {
  JwtClaims claims{credential.id, credential.organization, credential.scopes};
  claims.issued_s = claims.not_before_s = now_ms / 1000;
  claims.expires_s = claims.issued_s + seconds;
  return MakeJwt(claims, jwt_key_.view());
}

std::optional<Credential> Keyring::PasswordOf(Oid user, std::int64_t now_ms) const {
  const auto known = this->known();
  const auto found = known->passwords.find(user);
  if (found == known->passwords.end()) return std::nullopt;
  const Credential& credential = *known->Find(found->second);
  if (!IsGood(credential, now_ms)) return std::nullopt;
  return credential;
}

std::string Keyring::SessionToken(const Credential& credential, std::int64_t now_ms) const {
  return TokenFor(credential, now_ms, kSessionTokenSeconds);
}

std::optional<Oid> Keyring::OrganizationAt(std::string_view host) const {
  const auto known = this->known();
  const auto found = known->labels.find(Lower(host.substr(0, host.find_first_of(".:"))));
  if (found == known->labels.end()) return std::nullopt;
  return found->second;
}

std::string Keyring::Fingerprint(std::string_view text) const {
  return ToHex(AsBytes(Digest(text)).first(8));
}

std::string Keyring::Digest(std::string_view text) const {
  const auto digest = crypto::HmacSha256(jwt_key_.view(), AsBytes(text));
  return std::string(AsText(digest));
}

}  // namespace trunkline::api
