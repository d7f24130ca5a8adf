#include "tl/compiler/lexer.h"

namespace trunkline::tlc {
namespace {

constexpr std::string_view kFunctionsMark = "---functions---";
constexpr std::string_view kTypesMark = "---types---";
constexpr std::string_view kSymbols = "#:?=;<>{}[]!%*()";

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.';
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
    if (c == '\n' || c == ' ' || c == '\t' || c == '\r') {
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
      Push(TokenKind::kWord, size);
    } else if (kSymbols.find(c) != std::string_view::npos) {
      Push(TokenKind::kSymbol, 1);
    } else {
      diagnostics_.Add(position_, std::string("unexpected character '") + c + "'");
      Advance(1);
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
