#include "server/io/key_files.h"

#include "absl/strings/str_cat.h"
#include "common/files.h"

namespace trunkline::io {
namespace {

constexpr std::size_t kPemBytesMax = 64 * 1024;

constexpr char kPrivateName[] = "server_key.pem", kPublicName[] = "server_public.pem";

absl::StatusOr<crypto::RsaPrivateKey> MakeKey(const std::string& directory) {
  auto key = crypto::RsaPrivateKey::Generate();
  if (!key.ok()) return key.status();
  const absl::Status written = WriteAtomically(directory, kPrivateName, key->PrivatePem(), 0600);
  if (!written.ok()) return written;
  return key;
}

}  // namespace

absl::StatusOr<crypto::RsaPrivateKey> LoadOrMakeServerKey(const std::string& data_dir) {
  const std::string path = data_dir + "/" + kPrivateName;
  const auto pem = ReadIfThere(path, kPemBytesMax);
  if (!pem.ok()) return pem.status();
  auto key = *pem ? crypto::RsaPrivateKey::FromPem(**pem) : MakeKey(data_dir);
  if (!key.ok() && *pem) {
    return absl::DataLossError(
        absl::StrCat(path, ": not a key of ours: ", std::string(key.status().message())));
  }
  if (!key.ok()) return key.status();
  const auto public_pem = ReadIfThere(data_dir + "/" + kPublicName, kPemBytesMax);
  if (!public_pem.ok()) return public_pem.status();
  if (!*public_pem || **public_pem != key->PublicPem()) {
    const absl::Status written = WriteAtomically(data_dir, kPublicName, key->PublicPem(), 0644);
    if (!written.ok()) return written;
  }
  return key;
}

}  // namespace trunkline::io
