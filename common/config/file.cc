#include "common/config/file.h"

#include <fstream>

#include "absl/strings/str_cat.h"

namespace trunkline {
namespace {
constexpr std::size_t kSecretBytesMin = 16, kSecretBytesMax = 4096;
}  // namespace

std::optional<std::string> ReadSmallFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(kConfigFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return std::nullopt;
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

absl::Status ReadSecretFile(const std::string& path, Bytes& out) {
  auto secret = ReadSmallFile(path);
  if (!secret) return absl::InvalidArgumentError(path + " can't be read");
  while (!secret->empty() && static_cast<unsigned char>(secret->back()) <= ' ') secret->pop_back();
  if (secret->size() < kSecretBytesMin || secret->size() > kSecretBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " must hold ", kSecretBytesMin, " to ", kSecretBytesMax, " bytes"));
  }
  out.assign(secret->begin(), secret->end());
  return absl::OkStatus();
}

}  // namespace trunkline
