#include "common/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "absl/strings/str_cat.h"

namespace trunkline {
namespace {

absl::Status Failed(const std::string& path, const char* step) {
  return absl::ErrnoToStatus(errno, absl::StrCat(path, ": ", step));
}

bool WriteWhole(int file, const std::string& text) {
  return write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
         fsync(file) == 0;
}

}  // namespace

absl::StatusOr<std::optional<std::string>> ReadIfThere(const std::string& path,
                                                       std::size_t bytes_max) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return std::nullopt;
  if (file < 0) return Failed(path, "can't be opened");
  std::string text(bytes_max + 1, '\0');
  std::size_t size = 0;
  ssize_t bytes = 1;
  while (bytes > 0 && size < text.size()) {
    bytes = read(file, text.data() + size, text.size() - size);
    if (bytes > 0) size += static_cast<std::size_t>(bytes);
  }
  const int error = errno;
  close(file);
  errno = error;
  if (bytes < 0) return Failed(path, "can't be read");
  text.resize(size);
  if (text.size() > bytes_max) {
    return absl::DataLossError(absl::StrCat(path, ": is larger than ", bytes_max, " bytes"));
  }
  return text;
}

absl::Status WriteAtomically(const std::string& directory, const std::string& name,
                             const std::string& text, mode_t mode) {
  const std::string path = directory + "/" + name;
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

}  // namespace trunkline
