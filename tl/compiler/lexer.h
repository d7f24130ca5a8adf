#pragma once
// Cuts TL text into tokens. A word is a run of letters, digits, `_` and `.`, so `auth.sentCode` and
// `flags.3` are one token each; every other visible character stands for itself. `//` ends a line.
#include <string>
#include <string_view>
#include <vector>

#include "tl/compiler/diagnostics.h"

namespace trunkline::tlc {

enum class TokenKind { kWord, kSymbol, kFunctions, kTypes, kEnd };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;  // into the source
  Position position;

  bool Is(char symbol) const {
    return kind == TokenKind::kSymbol && text.size() == 1 && text.front() == symbol;
  }
};

// `start` is the position of the text's first character. The last token is kEnd. `text` must
// outlive them.
std::vector<Token> Lex(std::string_view text, const Position& start, Diagnostics& diagnostics);

}  // namespace trunkline::tlc
