#pragma once
// Files as a whole: read with a bound, and replaced so that nobody ever sees half of one.
#include <optional>
#include <string>

#include "tl/compiler/diagnostics.h"

namespace trunkline::tlc {

inline constexpr std::size_t kFileBytesMax = std::size_t{16} << 20;

// Tells why a file can't be read, and gives nothing then.
std::optional<std::string> ReadFile(const std::string& path, Diagnostics& diagnostics);

// An unchanged file keeps its time, so that nothing behind it is built again.
bool WriteIfChanged(const std::string& path, const std::string& text);

// Writes beside `path` first and renames then: the path has the old text or the new one, whole.
bool ReplaceFile(const std::string& path, const std::string& text);

// A folder of schema files. A file that can't be read is told, and is empty then.
class Folder {
 public:
  Folder(std::string path, Diagnostics& diagnostics)
      : path_(std::move(path)), diagnostics_(diagnostics) {}

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }
  std::string Text(const std::string& name) const {
    return ReadFile(File(name), diagnostics_).value_or("");
  }

 private:
  std::string path_;
  Diagnostics& diagnostics_;
};

}  // namespace trunkline::tlc
