#include "tests/support/temp_dir.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "common/check.h"

namespace trunkline {

TempDir::TempDir() {
  path_ = (std::filesystem::temp_directory_path() / "trunkline.XXXXXX").string();
  CHECK(mkdtemp(path_.data()) != nullptr);
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::Write(std::string_view name, std::string_view text) const {
  std::ofstream(*this / name) << text;
  return *this / name;
}

}  // namespace trunkline
