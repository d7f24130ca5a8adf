#include "tl/compiler/files.h"

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace trunkline::tlc {
namespace {

bool Write(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  return static_cast<bool>(out.flush());
}

}  // namespace

std::optional<std::string> ReadFile(const std::string& path, Diagnostics& diagnostics) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string text;
  std::array<char, 65536> part{};
  while (in && text.size() <= kFileBytesMax) {
    in.read(part.data(), part.size());
    text.append(part.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (!in.eof() && text.size() <= kFileBytesMax) {
    const int why = errno == 0 ? EIO : errno;
    diagnostics.Add({path, 1, 1}, "can't be read: " + std::generic_category().message(why));
    return std::nullopt;
  }
  if (text.size() <= kFileBytesMax) return text;
  diagnostics.Add({path, 1, 1},
                  "can't be read: more than " + std::to_string(kFileBytesMax) + " bytes");
  return std::nullopt;
}

bool WriteIfChanged(const std::string& path, const std::string& text) {
  Diagnostics unread;
  return ReadFile(path, unread) == text || Write(path, text);
}

bool ReplaceFile(const std::string& path, const std::string& text) {
  const std::string aside = path + ".new";
  std::error_code error;
  if (Write(aside, text)) {
    std::filesystem::rename(aside, path, error);
    if (!error) return true;
  }
  std::filesystem::remove(aside, error);
  return false;
}

}  // namespace trunkline::tlc
