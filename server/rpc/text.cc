#include "server/rpc/text.h"

#include <cstdint>

#include "server/rpc/limits.h"

namespace trunkline::rpc {
namespace {

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Bytes of the well-formed sequence at the front (Unicode 15, table 3-7); 0 when there is none.
std::size_t SequenceSize(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xC2 && first <= 0xDF   ? 2
                           : first >= 0xE0 && first <= 0xEF ? 3
                           : first >= 0xF0 && first <= 0xF4 ? 4
                                                            : 0;
  if (size == 0 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  if (first == 0xE0 && second < 0xA0) return 0;  // overlong
  if (first == 0xED && second > 0x9F) return 0;  // surrogates
  if (first == 0xF0 && second < 0x90) return 0;  // overlong
  if (first == 0xF4 && second > 0x8F) return 0;  // above U+10FFFF
  return size;
}

bool IsControl(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (first < 0x20 || first == 0x7F) return true;
  return first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;  // U+0080..U+009F
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsHexDigit(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

class JsonChecker {
 public:
  explicit JsonChecker(std::string_view text) : rest_(text) {}

  bool Run() {
    if (!Value(1)) return false;
    Blanks();
    return rest_.empty();
  }

 private:
  char Next() const { return rest_.empty() ? '\0' : rest_[0]; }
  bool Take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool TakeWord(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  void Blanks() {
    while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_[0]) != std::string_view::npos)
      rest_.remove_prefix(1);
  }

  bool Value(int depth) {
    if (depth > kJsonDepthMax) return false;
    Blanks();
    switch (Next()) {
      case '{':
        return Object(depth);
      case '[':
        return Array(depth);
      case '"':
        return String();
      case 't':
        return TakeWord("true");
      case 'f':
        return TakeWord("false");
      case 'n':
        return TakeWord("null");
      default:
        return Number();
    }
  }

  bool Object(int depth) {
    Take('{');
    Blanks();
    if (Take('}')) return true;
    for (;;) {
      Blanks();
      if (!String()) return false;
      Blanks();
      if (!Take(':') || !Value(depth + 1)) return false;
      Blanks();
      if (Take('}')) return true;
      if (!Take(',')) return false;
    }
  }

  bool Array(int depth) {
    Take('[');
    Blanks();
    if (Take(']')) return true;
    for (;;) {
      if (!Value(depth + 1)) return false;
      Blanks();
      if (Take(']')) return true;
      if (!Take(',')) return false;
    }
  }

  bool String() {
    if (!Take('"')) return false;
    while (!rest_.empty()) {
      if (Take('"')) return true;
      if (rest_[0] == '\\') {
        if (!Escape()) return false;
        continue;
      }
      const std::size_t size = SequenceSize(rest_);
      if (size == 0 || static_cast<unsigned char>(rest_[0]) < 0x20) return false;
      rest_.remove_prefix(size);
    }
    return false;
  }

  bool Escape() {
    Take('\\');
    if (Take('u')) {
      for (int i = 0; i < 4; ++i) {
        if (!IsHexDigit(Next())) return false;
        rest_.remove_prefix(1);
      }
      return true;
    }
    if (std::string_view("\"\\/bfnrt").find(Next()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool Digits() {
    if (!IsDigit(Next())) return false;
    while (IsDigit(Next())) rest_.remove_prefix(1);
    return true;
  }

  bool Number() {
    Take('-');
    if (!Take('0') && !Digits()) return false;
    if (Take('.') && !Digits()) return false;
    if (!Take('e') && !Take('E')) return true;
    if (!Take('+')) Take('-');
    return Digits();
  }

  std::string_view rest_;
};

}  // namespace

std::string CleanText(std::string_view text, std::size_t characters_max) {
  std::string clean;
  std::size_t characters = 0;
  while (!text.empty() && characters < characters_max) {
    const std::size_t size = SequenceSize(text);
    const std::string_view character = text.substr(0, size == 0 ? 1 : size);
    text.remove_prefix(character.size());
    if (size != 0 && IsControl(character)) continue;
    if (size == 0) {
      clean += '?';
    } else {
      clean += character;
    }
    ++characters;
  }
  return clean;
}

bool IsJson(std::string_view text) {
  return JsonChecker(text).Run();
}

}  // namespace trunkline::rpc
