// Who may ask: every credential that isn't revoked, in memory, filled again whenever one changes.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/entropy.h"
#include "common/secret.h"
#include "server/records/ledger.h"

namespace trunkline::api {

struct Principal {
  records::Oid credential, organization;
  std::optional<records::Oid> user;
  std::uint32_t scopes = 0;
};

// A secret that is shown once; what is kept of it is the hash.
struct NewSecret {
  std::string text, hash;
};
NewSecret MakeSecret(records::CredentialKind kind, Entropy& entropy);

inline constexpr std::int64_t kAccessTokenSeconds = 1800;
inline constexpr std::int64_t kSessionTokenSeconds = 12 * 3600;
inline constexpr std::int64_t kClientSecretDaysMax = 365;

// Any thread may call it.
class Keyring {
 public:
  static constexpr std::size_t kJwtKeyBytes = 32;
  explicit Keyring(const SecretBytes<kJwtKeyBytes>& jwt_key);
  ~Keyring();

  // Replaces all that was known.
  absl::Status Fill(records::Reader& reader);

  // Of an Authorization header. nullopt: absent, malformed, unknown, expired or revoked.
  std::optional<Principal> Find(std::string_view authorization, std::int64_t now_ms) const;
  // The token of a kJwt credential.
  std::string JwtOf(const records::Credential& credential, std::int64_t now_ms) const;
  // Of OAuth2's client credentials; nullopt: wrong, expired or revoked.
  std::optional<std::string> AccessToken(std::string_view client_id, std::string_view secret,
                                         std::int64_t now_ms) const;
  // What is kept of a user's password; nullopt: there is none that is good.
  std::optional<records::Credential> PasswordOf(records::Oid user, std::int64_t now_ms) const;
  // For whoever knows the password of a kPassword credential; ends with that at the latest.
  std::string SessionToken(const records::Credential& credential, std::int64_t now_ms) const;
  // Of the first label of a Host header, if an organization has it.
  std::optional<records::Oid> OrganizationAt(std::string_view host) const;
  // For audit lines: the same text has the same fingerprint, which can't be guessed back.
  std::string Fingerprint(std::string_view text) const;
  // The same at full length, 32 bytes.
  std::string Digest(std::string_view text) const;

 private:
  struct Known;
  std::shared_ptr<const Known> known() const;
  std::string TokenFor(const records::Credential& credential, std::int64_t now_ms,
                       std::int64_t seconds) const;

  const SecretBytes<kJwtKeyBytes> jwt_key_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Known> known_;
};

}  // namespace trunkline::api
