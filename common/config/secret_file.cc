#include "common/config/secret_file.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "common/files.h"

namespace trunkline {
namespace {
constexpr std::size_t kSecretBytesMin = 16, kSecretBytesMax = 4096;
// Blanks at the end don't count.
constexpr std::size_t kFileBytesMax = 1 << 20;
}  // namespace

absl::Status ReadSecretFile(const std::string& path, Bytes& out) {
  const auto text = ReadIfThere(path, kFileBytesMax);
  const bool too_long = absl::IsDataLoss(text.status());
  if (!too_long && (!text.ok() || !*text)) {
    return absl::InvalidArgumentError(path + " can't be read");
  }
  std::string_view secret = too_long ? std::string_view() : std::string_view(**text);
  while (!secret.empty() && static_cast<unsigned char>(secret.back()) <= ' ') {
    secret.remove_suffix(1);
  }
  if (secret.size() < kSecretBytesMin || secret.size() > kSecretBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " must hold ", kSecretBytesMin, " to ", kSecretBytesMax, " bytes"));
  }
  out.assign(secret.begin(), secret.end());
  return absl::OkStatus();
}

}  // namespace trunkline
