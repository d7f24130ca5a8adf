#include "server/io/key_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>

#include "absl/strings/str_cat.h"

namespace trunkline::io {
namespace {

constexpr std::size_t kPemBytesMax = 64 * 1024;

absl::Status Failed(const std::string& path, const char* step) {
  return absl::ErrnoToStatus(errno, absl::StrCat(path, ": ", step));
}

// nullopt: there is no such file.
absl::StatusOr<std::optional<std::string>> ReadIfThere(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return std::nullopt;
  if (file < 0) return Failed(path, "can't be opened");
  std::string text(kPemBytesMax, '\0');
  const ssize_t bytes = read(file, text.data(), text.size());
  const int error = errno;
  close(file);
  errno = error;
  if (bytes < 0) return Failed(path, "can't be read");
  text.resize(static_cast<std::size_t>(bytes));
  return text;
}

bool WriteWhole(int file, const std::string& text) {
  return write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
         fsync(file) == 0;
}

// Whole or not at all, also over a power cut.
absl::Status WriteAtomically(const std::string& directory, const std::string& path,
                             const std::string& text, mode_t mode) {
  const std::string draft = path + ".new";
  unlink(draft.c_str());
  const int file = open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) return Failed(path, "can't be made");
  const bool written = WriteWhole(file, text);
  close(file);
  if (!written || rename(draft.c_str(), path.c_str()) != 0) {
    const absl::Status status = Failed(path, "can't be written");
    unlink(draft.c_str());
    return status;
  }
  const int folder = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return Failed(directory, "can't be opened");
  const bool synced = fsync(folder) == 0;
  close(folder);
  return synced ? absl::OkStatus() : Failed(directory, "can't be synced");
}

absl::StatusOr<crypto::RsaPrivateKey> MakeKey(const std::string& directory,
                                              const std::string& path) {
  auto key = crypto::RsaPrivateKey::Generate();
  if (!key.ok()) return key.status();
  const absl::Status written = WriteAtomically(directory, path, key->PrivatePem(), 0600);
  if (!written.ok()) return written;
  return key;
}

}  // namespace

absl::StatusOr<crypto::RsaPrivateKey> LoadOrMakeServerKey(const std::string& data_dir) {
  const std::string path = data_dir + "/server_key.pem";
  const auto pem = ReadIfThere(path);
  if (!pem.ok()) return pem.status();
  auto key = *pem ? crypto::RsaPrivateKey::FromPem(**pem) : MakeKey(data_dir, path);
  if (!key.ok() && *pem) {
    return absl::DataLossError(
        absl::StrCat(path, ": not a key of ours: ", std::string(key.status().message())));
  }
  if (!key.ok()) return key.status();
  const std::string public_path = data_dir + "/server_public.pem";
  const auto public_pem = ReadIfThere(public_path);
  if (!public_pem.ok()) return public_pem.status();
  if (!*public_pem || **public_pem != key->PublicPem()) {
    const absl::Status written = WriteAtomically(data_dir, public_path, key->PublicPem(), 0644);
    if (!written.ok()) return written;
  }
  return key;
}

}  // namespace trunkline::io
