// House rules as tests: who may include whom, what pure folders may not touch, and how long a file
// may be.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tests/paths.h"

namespace {

namespace fs = std::filesystem;

struct SourceFile {
  std::string path;    // from the root of the repository
  std::string folder;  // its folder, from the root
  std::vector<std::string> lines;
};

std::vector<SourceFile> ReadSources() {
  std::vector<SourceFile> files;
  const fs::path root = TRUNKLINE_SOURCE_DIR;
  for (const char* top : {"common", "tl", "server", "relay", "bench"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".h" && extension != ".cc") continue;
      SourceFile file{fs::relative(entry.path(), root).string(),
                      fs::relative(entry.path().parent_path(), root).string(),
                      {}};
      std::ifstream in(entry.path());
      for (std::string line; std::getline(in, line);) file.lines.push_back(line);
      files.push_back(std::move(file));
    }
  }
  return files;
}

const std::vector<SourceFile>& Sources() {
  static const std::vector<SourceFile> files = ReadSources();
  return files;
}

bool IsPure(const std::string& folder) {
  static const std::set<std::string> kPure = {"tl/runtime",  "server/mtproto", "server/call",
                                              "server/book", "server/rpc",     "server/picker",
                                              "relay",       "relay/control",  "server/records"};
  return kPure.contains(folder);
}

// Folder -> folders it may include besides itself and common. "tl" is the generated code.
const std::map<std::string, std::set<std::string>>& AllowedIncludes() {
  static const std::map<std::string, std::set<std::string>> kAllowed = {
      {"common", {"common/crypto"}},
      {"common/config", {}},
      {"common/crypto", {}},
      {"tl/runtime", {}},
      {"tl/compiler", {"tl/runtime"}},
      {"server/mtproto", {"tl", "tl/runtime"}},
      {"server/call", {}},
      {"relay", {}},
      {"relay/control", {"relay"}},
      {"relay/io", {"relay", "relay/control", "server/http"}},
      {"server/picker", {}},
      {"server/book", {"server/call", "server/picker", "relay"}},
      {"server/rpc", {"server/book", "server/call", "server/picker", "tl", "tl/runtime"}},
      {"server/records", {}},
      {"server/store", {"server/book", "server/call", "server/records"}},
      {"server/http", {"server/book", "server/store"}},
      {"server/api", {"server/http", "server/records"}},
      {"server/control", {"server/book", "server/http", "server/records"}},
      {"server/tool", {"server/book"}},
      {"server/io",
       {"server/rpc", "server/mtproto", "server/book", "server/store", "server/call",
        "server/records", "server/http"}},
      {"server",
       {"server/io", "server/http", "server/control", "server/book", "server/rpc", "server/store",
        "server/mtproto", "server/picker", "server/relays", "relay", "server/records",
        "server/api"}},
      {"server/relays", {"relay", "relay/control", "server/picker", "server/book", "server/http"}},
      {"bench/load", {"tl", "tl/runtime", "server/mtproto"}},
      {"bench/micro",
       {"tl", "tl/runtime", "server/mtproto", "server/call", "server/book", "server/rpc",
        "server/store", "relay", "server/picker", "bench/picker"}},
      {"bench/picker", {"server/picker"}},
      {"bench/relay", {"relay", "server/picker"}},
      {"bench/peers/udp_limit", {}},
      {"bench/peers/http_limit", {}},
  };
  return kAllowed;
}

// Libraries that are included in quotes.
bool IsLibrary(const std::string& folder) {
  for (const char* name : {"absl", "boost", "google", "toml++", "CLI"}) {
    if (folder.starts_with(name)) return true;
  }
  return false;
}

TEST(HouseRules, SourcesAreFound) {
  EXPECT_GT(Sources().size(), 50u);
}

TEST(HouseRules, IncludesGoOneWayOnly) {
  const std::regex include(R"re(^\s*#include "([^"]+)/[^"/]+")re");
  for (const SourceFile& file : Sources()) {
    const auto allowed = AllowedIncludes().find(file.folder);
    ASSERT_NE(allowed, AllowedIncludes().end()) << file.folder << " is not on the map";
    for (const std::string& line : file.lines) {
      std::smatch match;
      if (!std::regex_search(line, match, include)) continue;
      const std::string target = match[1];
      if (IsLibrary(target)) continue;
      const bool fine =
          target == file.folder || target.starts_with("common") || allowed->second.contains(target);
      EXPECT_TRUE(fine) << file.path << ": " << line;
    }
  }
}

TEST(HouseRules, OnlyCryptoKnowsOpenSsl) {
  for (const SourceFile& file : Sources()) {
    if (file.folder == "common/crypto") continue;
    for (const std::string& line : file.lines) {
      EXPECT_EQ(line.find("#include <openssl/"), std::string::npos) << file.path << ": " << line;
    }
  }
}

// OpenSSL behind a library's back: its headers come along.
TEST(HouseRules, OnlyOneFileWrapsAsiosTls) {
  const std::regex wrapped(R"re(#include [<"]boost/(asio|beast)/ssl)re");
  for (const SourceFile& file : Sources()) {
    if (file.path == "server/http/stream.h") continue;
    for (const std::string& line : file.lines) {
      EXPECT_FALSE(std::regex_search(line, wrapped)) << file.path << ": " << line;
    }
  }
}

TEST(HouseRules, PureFoldersKnowNoWorld) {
  const std::regex world(
      R"(_clock::now|random_device|\brand\(|getrandom|SystemEntropy|std::(thread|mutex|atomic|condition_variable|getenv|ifstream|ofstream|cout|cerr)|#include <(thread|mutex|fstream|iostream|sys/socket\.h|spdlog)|boost/asio|common/log\.h)");
  for (const SourceFile& file : Sources()) {
    if (!IsPure(file.folder)) continue;
    for (const std::string& line : file.lines) {
      const std::size_t comment = line.find("//");
      EXPECT_FALSE(std::regex_search(line.substr(0, comment), world)) << file.path << ": " << line;
    }
  }
}

TEST(HouseRules, HeadersOpenWithAPurposeAndPragmaOnce) {
  for (const SourceFile& file : Sources()) {
    if (!file.path.ends_with(".h")) continue;
    bool pragma = false, purpose = false;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      pragma |= file.lines[i] == "#pragma once";
      purpose |= i < 4 && file.lines[i].starts_with("//");
    }
    EXPECT_TRUE(pragma) << file.path;
    EXPECT_TRUE(purpose) << file.path << " does not say what it is for";
  }
}

TEST(HouseRules, NoOpenEnds) {
  const std::regex open_end(R"(\b(TODO|FIXME|XXX)\b|sleep_for|GTEST_SKIP|DISABLED_)");
  for (const SourceFile& file : Sources()) {
    for (const std::string& line : file.lines) {
      EXPECT_FALSE(std::regex_search(line, open_end)) << file.path << ": " << line;
    }
  }
}

TEST(HouseRules, FilesAndLinesHaveALength) {
  for (const SourceFile& file : Sources()) {
    EXPECT_LE(file.lines.size(), 500u) << file.path;
    for (const std::string& line : file.lines) {
      // A raw string of a schema or a URL can't be broken.
      if (line.find("R\"") != std::string::npos || line.find("NOLINT") != std::string::npos)
        continue;
      EXPECT_LE(line.size(), 120u) << file.path << ": " << line;
    }
  }
}

}  // namespace
