#include "tl/runtime/text_out.h"

#include <bit>
#include <charconv>
#include <cmath>

namespace tl::text {
namespace {

constexpr char kDigits[] = "0123456789abcdef";
constexpr int kDigitsOut = 16;
constexpr std::size_t kUtf8SizeMax = 4;

std::uint32_t Byte(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

std::uint32_t CodeOf(std::string_view character) {
  switch (character.size()) {
    case 1:
      return Byte(character, 0);
    case 2:
      return (Byte(character, 0) & 0x1f) << 6 | (Byte(character, 1) & 0x3f);
    case 3:
      return (Byte(character, 0) & 0x0f) << 12 | (Byte(character, 1) & 0x3f) << 6 |
             (Byte(character, 2) & 0x3f);
    default:
      return (Byte(character, 0) & 0x07) << 18 | (Byte(character, 1) & 0x3f) << 12 |
             (Byte(character, 2) & 0x3f) << 6 | (Byte(character, 3) & 0x3f);
  }
}

// Characters that move a terminal's cursor or turn the direction of a line around.
bool IsControl(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200e && code <= 0x200f) ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

}  // namespace

std::size_t Utf8Size(std::string_view text) {
  if (text.empty()) return 0;
  const std::uint32_t lead = Byte(text, 0);
  const std::size_t size = lead < 0x80                    ? 1
                           : lead >= 0xc2 && lead < 0xe0  ? 2
                           : lead >= 0xe0 && lead < 0xf0  ? 3
                           : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                          : 0;
  if (size == 0 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((Byte(text, i) & 0xc0) != 0x80) return 0;
  }
  const std::uint32_t code = CodeOf(text.substr(0, size));
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  const bool none = (code >= 0xd800 && code < 0xe000) || code > 0x10ffff;
  return overlong || none ? 0 : size;
}

std::string_view Head(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  for (std::size_t less = 1; less < kUtf8SizeMax && less <= size; ++less) {
    if (Utf8Size(text.substr(size - less)) > less) return text.substr(0, size - less);
  }
  return text.substr(0, size);
}

void TextOut::Open(char bracket) {
  text_ += bracket;
  ++depth_;
  first_ = true;
}

void TextOut::Close(char bracket) {
  --depth_;
  if (indent_ && !first_) text_.append(1, '\n').append(2 * depth_, ' ');
  text_ += bracket;
  first_ = false;
}

void TextOut::Item() {
  if (!first_) text_ += indent_ ? "," : ", ";
  if (indent_) text_.append(1, '\n').append(2 * depth_, ' ');
  first_ = false;
}

void TextOut::Key(std::string_view name) {
  Item();
  text_.append(1, '"').append(name).append("\": ");
}

void TextOut::Number(std::int64_t value) {
  char digits[24];
  text_.append(digits, std::to_chars(digits, std::end(digits), value).ptr);
}

void TextOut::Double(double value) {
  if (std::isfinite(value)) {
    char digits[32];
    text_.append(digits, std::to_chars(digits, std::end(digits), value).ptr);
    return;
  }
  text_ += '"';
  HexNumber(std::bit_cast<std::uint64_t>(value), kDigitsOut);
  text_ += '"';
}

void TextOut::HexNumber(std::uint64_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) text_ += kDigits[value >> shift & 15];
}

void TextOut::Hex(RawObject bytes) {
  text_ += '"';
  for (const std::uint8_t byte : bytes) HexNumber(byte, 2);
  text_ += '"';
}

void TextOut::String(std::string_view text) {
  text_ += '"';
  while (!text.empty()) {
    const std::size_t size = Utf8Size(text);
    if (size == 0) {
      text_ += "\\x";
      HexNumber(Byte(text, 0), 2);
      text.remove_prefix(1);
      continue;
    }
    Escaped(text.substr(0, size));
    text.remove_prefix(size);
  }
  text_ += '"';
}

void TextOut::Escaped(std::string_view character) {
  const std::uint32_t code = CodeOf(character);
  if (code == '"' || code == '\\') {
    text_.append(1, '\\').append(character);
  } else if (code == '\n') {
    text_ += "\\n";
  } else if (code == '\t') {
    text_ += "\\t";
  } else if (IsControl(code)) {
    text_ += "\\u";
    HexNumber(code, 4);
  } else {
    text_ += character;
  }
}

void TextOut::Back(const Place& place) {
  text_.resize(place.size);
  depth_ = place.depth;
  first_ = place.first;
}

}  // namespace tl::text
