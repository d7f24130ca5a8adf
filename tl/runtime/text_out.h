#pragma once
// JSON as it is being written: separators, indentation, and strings that stay safe on a terminal.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "tl/runtime/value.h"

namespace tl::text {

class TextOut {
 public:
  explicit TextOut(bool indent) : indent_(indent) {}

  std::size_t size() const { return text_.size(); }
  std::string Take() { return std::move(text_); }

  void Open(char bracket);
  void Close(char bracket);
  void Item();
  void Key(std::string_view name);

  void Word(std::string_view text) { text_ += text; }
  void Number(std::int64_t value);
  void Double(double value);
  void String(std::string_view text);
  void Hex(RawObject bytes);
  void HexNumber(std::uint64_t value, int digits);

  // Where the text was, to take back what came since.
  struct Place {
    std::size_t size = 0;
    std::size_t depth = 0;
    bool first = true;
  };
  Place Here() const { return {text_.size(), depth_, first_}; }
  void Back(const Place& place);

 private:
  void Escaped(std::string_view character);

  std::string text_;
  std::size_t depth_ = 0;
  bool first_ = true;  // nothing since the last bracket
  bool indent_;
};

// Bytes of the UTF-8 character that the text begins with; 0 when it doesn't begin with one.
std::size_t Utf8Size(std::string_view text);

// At most `size` of the text's first bytes, so that no character is cut in two.
std::string_view Head(std::string_view text, std::size_t size);

}  // namespace tl::text
