// The settings of TLS: the certificate that the HTTP listener shows, and whom webhooks believe.
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/crypto/tls.h"
#include "common/files.h"
#include "common/secret.h"
#include "server/config_keys.h"

namespace trunkline {
namespace {

// A chain or a key is some KB; all that a system believes some hundred.
constexpr std::size_t kPemBytesMax = 64 << 10, kAuthoritiesBytesMax = 4 << 20;

// Reads the file that `setting` names and has `use` take its text, which is wiped.
template <class Use>
absl::Status UseFile(const char* setting, const std::string& path, std::size_t bytes_max,
                     const Use& use) {
  auto text = ReadIfThere(path, bytes_max);
  if (absl::IsDataLoss(text.status())) {
    return absl::InvalidArgumentError(
        absl::StrCat(setting, ": ", path, " is larger than ", bytes_max, " bytes"));
  }
  if (!text.ok() || !*text)
    return absl::InvalidArgumentError(absl::StrCat(setting, ": ", path, " can't be read"));
  std::string& pem = **text;
  const absl::Status used = use(pem);
  Wipe(pem.data(), pem.size());
  if (used.ok()) return used;
  return absl::InvalidArgumentError(absl::StrCat(setting, ": ", path, " ", used.message()));
}

absl::Status ReadIdentity(Config& config) {
  if (config.http_tls_certificate.empty() && config.http_tls_key.empty()) return absl::OkStatus();
  if (config.http_tls_key.empty()) {
    return absl::InvalidArgumentError("http_tls_key: is missing, http_tls_certificate needs one");
  }
  if (config.http_tls_certificate.empty()) {
    return absl::InvalidArgumentError("http_tls_certificate: is missing, http_tls_key is for it");
  }
  auto server = std::make_shared<crypto::TlsServer>();
  absl::Status status =
      UseFile("http_tls_certificate", config.http_tls_certificate, kPemBytesMax,
              [&](const std::string& pem) { return server->UseCertificate(pem); });
  if (!status.ok()) return status;
  status = UseFile("http_tls_key", config.http_tls_key, kPemBytesMax,
                   [&](const std::string& pem) { return server->UseKey(pem); });
  if (status.ok()) config.http_tls = std::move(server);
  return status;
}

absl::Status ReadAuthorities(Config& config) {
  auto client = std::make_shared<crypto::TlsClient>();
  if (!config.webhook_ca_file.empty()) {
    const absl::Status status =
        UseFile("webhook_ca_file", config.webhook_ca_file, kAuthoritiesBytesMax,
                [&](const std::string& pem) { return client->Trust(pem); });
    if (!status.ok()) return status;
  }
  config.webhook_trust = std::move(client);
  return absl::OkStatus();
}

}  // namespace

std::vector<Setting> TlsSettings(Config& c) {
  return {
      TextSetting("http_tls_certificate", "PEM file: with it, http speaks TLS and nothing else",
                  c.http_tls_certificate),
      TextSetting("http_tls_key", "PEM file with the certificate's private key", c.http_tls_key),
      TextSetting("webhook_ca_file", "PEM file of authorities that webhooks believe as well",
                  c.webhook_ca_file),
  };
}

absl::Status ReadTlsFiles(Config& config) {
  const absl::Status status = ReadIdentity(config);
  return status.ok() ? ReadAuthorities(config) : status;
}

}  // namespace trunkline
