#include "tl/compiler/lexer.h"

#include <algorithm>
#include <cstdio>

namespace trunkline::tlc {
namespace {

constexpr std::string_view kFunctionsMark = "---functions---";
constexpr std::string_view kTypesMark = "---types---";
constexpr std::string_view kSymbols = "#:?=;<>{}[]!%*()";

constexpr std::size_t kWordMax = 256;
constexpr std::size_t kQuotedMax = 16;

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.';
}

bool IsBlank(char c) {
  return c == '\n' || c == ' ' || c == '\t' || c == '\r';
}

bool IsStrange(std::string_view rest) {
  const char c = rest.front();
  return !IsBlank(c) && !IsWord(c) && kSymbols.find(c) == std::string_view::npos &&
         !rest.starts_with("//") && !rest.starts_with(kFunctionsMark) &&
         !rest.starts_with(kTypesMark);
}

// A terminal must not act on what a broken file holds.
std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text.substr(0, kQuotedMax)) {
    char hex[5];
    std::snprintf(hex, sizeof(hex), "\\x%02x", static_cast<unsigned char>(c));
    quoted += c >= ' ' && c <= '~' ? std::string(1, c) : std::string(hex);
  }
  return quoted + (text.size() > kQuotedMax ? "'.." : "'");
}

class Lexer {
 public:
  Lexer(std::string_view text, const Position& start, Diagnostics& diagnostics)
      : text_(text), position_(start), diagnostics_(diagnostics) {}

  std::vector<Token> Run() {
    while (at_ < text_.size()) Step();
    Push(TokenKind::kEnd, 0);
    return std::move(tokens_);
  }

 private:
  void Step() {
    const std::string_view rest = text_.substr(at_);
    const char c = rest.front();
    if (IsBlank(c)) {
      Advance(1);
    } else if (rest.starts_with("//")) {
      Advance(std::min(rest.find('\n'), rest.size()));
    } else if (rest.starts_with(kFunctionsMark)) {
      Push(TokenKind::kFunctions, kFunctionsMark.size());
    } else if (rest.starts_with(kTypesMark)) {
      Push(TokenKind::kTypes, kTypesMark.size());
    } else if (IsWord(c)) {
      std::size_t size = 0;
      while (size < rest.size() && IsWord(rest[size])) ++size;
      if (size > kWordMax) {
        diagnostics_.Add(position_, "a word of " + std::to_string(size) + " characters; " +
                                        std::to_string(kWordMax) + " are the most");
      }
      Push(TokenKind::kWord, std::min(size, kWordMax));
      Advance(size - std::min(size, kWordMax));
    } else if (kSymbols.find(c) != std::string_view::npos) {
      Push(TokenKind::kSymbol, 1);
    } else {
      std::size_t size = 1;
      while (size < rest.size() && IsStrange(rest.substr(size))) ++size;
      diagnostics_.Add(position_, (size == 1 ? "unexpected character " : "unexpected characters ") +
                                      Quoted(rest.substr(0, size)));
      Advance(size);
    }
  }

  void Push(TokenKind kind, std::size_t size) {
    tokens_.push_back({kind, text_.substr(at_, size), position_});
    Advance(size);
  }

  void Advance(std::size_t size) {
    for (const char c : text_.substr(at_, size)) {
      ++position_.column;
      if (c != '\n') continue;
      ++position_.line;
      position_.column = 1;
    }
    at_ += size;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Position position_;
  Diagnostics& diagnostics_;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> Lex(std::string_view text, const Position& start, Diagnostics& diagnostics) {
  return Lexer(text, start, diagnostics).Run();
}

}  // namespace trunkline::tlc
