// Golden bytes from tests/vectors: lines `name = hex`, `name += hex` to go on, `#` for comments.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>

#include "common/bytes.h"
#include "common/secret.h"
#include "tests/paths.h"

namespace trunkline::test {

class Vectors {
 public:
  // `file` is a name inside tests/vectors.
  explicit Vectors(const std::string& file) {
    std::ifstream in(std::string(TRUNKLINE_SOURCE_DIR) + "/tests/vectors/" + file);
    EXPECT_TRUE(in.is_open()) << file;
    for (std::string line; std::getline(in, line);) Add(line);
  }

  const Bytes& operator[](const std::string& name) const {
    static const Bytes kNone;
    const auto found = values_.find(name);
    EXPECT_NE(found, values_.end()) << "no vector named " << name;
    return found == values_.end() ? kNone : found->second;
  }

  template <std::size_t N>
  std::array<std::uint8_t, N> Array(const std::string& name) const {
    std::array<std::uint8_t, N> array{};
    const Bytes& bytes = (*this)[name];
    EXPECT_EQ(bytes.size(), N) << name;
    if (bytes.size() == N) std::copy(bytes.begin(), bytes.end(), array.begin());
    return array;
  }

 private:
  void Add(const std::string& line) {
    const std::size_t equals = line.find('=');
    if (line.empty() || line[0] == '#' || equals == std::string::npos) return;
    const std::size_t name_end = line.find_first_of(" +=");
    const Bytes bytes = FromHex(std::string_view(line).substr(equals + 1));
    EXPECT_FALSE(bytes.empty()) << line;
    Bytes& value = values_[line.substr(0, name_end)];
    EXPECT_EQ(value.empty(), line[equals - 1] != '+') << line;
    value.insert(value.end(), bytes.begin(), bytes.end());
  }

  std::map<std::string, Bytes> values_;
};

// The 256 bytes 00 01 02 .. ff of the vectors.
inline AuthKey CountingAuthKey() {
  AuthKey key;
  std::uint8_t next = 0;
  for (std::uint8_t& byte : key.mutable_view()) byte = next++;
  return key;
}

template <class Range>
std::string Hex(const Range& bytes) {
  return ToHex(ByteView(bytes));
}

}  // namespace trunkline::test
