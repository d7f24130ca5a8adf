// The codec for a test in another language, by lines on stdin and stdout.
//   rewrite LAYER      reads lines `NAME HEX`, answers each with the hex of what is written again,
//   or
//                      with `refused: why`
//   lost LAYER         prints `COMBINATOR FIELD` for every field that newer layers have dropped, so
//   that
//                      a value does not keep it
//   make LAYER EACH    prints EACH lines `NAME COMBINATOR HEX` for every constructor and call of
//   the
//                      layer, as the codec writes them
#include <cstdint>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tl/peer_compare.h"
#include "tests/tl/peer_maker.h"
#include "tests/tl/rewritten.h"

namespace trunkline::peer {
namespace {

std::string HexOf(const Bytes& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Bytes BytesOf(const std::string& hex) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

int RewriteLines(int layer) {
  Rewriter rewriter;
  std::string name;
  std::string hex;
  while (std::cin >> name >> hex) {
    if (rewriter.Rewrite(name, BytesOf(hex), layer)) {
      std::cout << HexOf(rewriter.out()) << '\n';
    } else {
      std::cout << "refused: " << tl::WireErrorName(rewriter.error()) << '\n';
    }
  }
  return 0;
}

int LostLines(int layer) {
  for (const auto& [name, line] : Schema::OfLayer(layer).lines()) {
    for (const Field& field : line.fields) {
      if (field.type.kind == Kind::kWord || Kept(Schema::Newest(), line, field)) continue;
      std::cout << name << ' ' << field.name << '\n';
    }
  }
  return 0;
}

int MakeLines(int layer, int each) {
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  const Schema schema = Schema::OfText(text);
  Maker maker(schema, 1);
  maker.UseSmallIds();
  Rewriter rewriter;
  for (const Subject& subject : SubjectsOf(schema)) {
    for (const Line* line : subject.lines) {
      for (int i = 0; i < each; ++i) {
        const Fill fill = i == 0 ? Fill::kAll : i == 1 ? Fill::kNone : Fill::kRandom;
        if (!rewriter.Rewrite(subject.name, maker.Make(*line, fill), layer)) return 1;
        std::cout << subject.name << ' ' << line->name << ' ' << HexOf(rewriter.out()) << '\n';
      }
    }
  }
  return 0;
}

}  // namespace
}  // namespace trunkline::peer

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 2 && arguments[0] == "rewrite") {
    return trunkline::peer::RewriteLines(std::stoi(arguments[1]));
  }
  if (arguments.size() == 2 && arguments[0] == "lost") {
    return trunkline::peer::LostLines(std::stoi(arguments[1]));
  }
  if (arguments.size() == 3 && arguments[0] == "make") {
    return trunkline::peer::MakeLines(std::stoi(arguments[1]), std::stoi(arguments[2]));
  }
  std::cerr << "usage: rewrite LAYER | lost LAYER | make LAYER EACH\n";
  return 2;
}
