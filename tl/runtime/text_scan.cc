#include "tl/runtime/text_scan.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <utility>

namespace tl::text {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kNumberCharacters = "+-.0123456789eE";
constexpr std::size_t kDoubleHexDigits = 16;

int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void AppendUtf8(std::uint32_t code, std::vector<std::uint8_t>& out) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<std::uint8_t>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xe0 | code >> 12);
    } else {
      put(0xf0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3f));
    }
    put(0x80 | (code >> 6 & 0x3f));
  }
  put(0x80 | (code & 0x3f));
}

}  // namespace

bool Scanner::Fail(std::size_t offset, std::string why) {
  if (ok()) {
    error_offset_ = offset;
    why_ = std::move(why);
  }
  at_ = text_.size();
  return false;
}

void Scanner::SkipSpace() {
  at_ = std::min(text_.find_first_not_of(kSpace, at_), text_.size());
}

bool Scanner::Accept(char c) {
  if (AtEnd() || text_[at_] != c) return false;
  ++at_;
  return true;
}

bool Scanner::Expect(char c) {
  return Accept(c) || Fail(offset(), std::string("'") + c + "' is expected");
}

std::string_view Scanner::Name() {
  const std::size_t start = offset();
  if (!Expect('"')) return {};
  const std::size_t end = text_.find_first_of("\"\\\n", at_);
  if (end == std::string_view::npos || text_[end] != '"') {
    Fail(start, "a name is expected");
    return {};
  }
  const std::string_view name = text_.substr(at_, end - at_);
  at_ = end + 1;
  return name;
}

bool Scanner::Bool() {
  const std::size_t start = offset();
  for (const std::string_view word : {"true", "false"}) {
    if (!text_.substr(start).starts_with(word)) continue;
    at_ = start + word.size();
    return word == "true";
  }
  return Fail(start, "true or false is expected");
}

std::string_view Scanner::NumberWord() {
  const std::size_t start = offset();
  at_ = std::min(text_.find_first_not_of(kNumberCharacters, start), text_.size());
  return text_.substr(start, at_ - start);
}

std::int64_t Scanner::Integer(std::int64_t min, std::int64_t max) {
  const std::size_t start = offset();
  const std::string_view word = NumberWord();
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || error == std::errc::invalid_argument || end != word.data() + word.size()) {
    Fail(start, "a whole number is expected");
  } else if (error != std::errc() || value < min || value > max) {
    Fail(start,
         "a number from " + std::to_string(min) + " to " + std::to_string(max) + " is expected");
  }
  return value;
}

double Scanner::Double() {
  const std::size_t start = offset();
  double value = 0;
  if (Accept('"')) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < kDoubleHexDigits; ++i, ++at_) {
      const int digit = at_ < text_.size() ? DigitOf(text_[at_]) : -1;
      if (digit < 0) {
        Fail(start, "16 hex digits are expected");
        return 0;
      }
      bits = bits << 4 | static_cast<std::uint64_t>(digit);
    }
    if (at_ == text_.size() || text_[at_] != '"') Fail(start, "16 hex digits are expected");
    if (ok()) ++at_;
    return std::bit_cast<double>(bits);
  }
  const std::string_view word = NumberWord();
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || error != std::errc() || end != word.data() + word.size()) {
    Fail(start, "a number is expected");
  }
  return value;
}

void Scanner::String(std::vector<std::uint8_t>& out, std::size_t bytes_max) {
  const std::size_t start = offset();
  const std::size_t before = out.size();
  if (!Accept('"')) {
    Fail(start, "a string is expected");
    return;
  }
  while (ok() && out.size() - before <= bytes_max) {
    if (at_ == text_.size() || static_cast<std::uint8_t>(text_[at_]) < 0x20) {
      Fail(start, "the string has no end");
    } else if (text_[at_] == '"') {
      ++at_;
      return;
    } else if (text_[at_] == '\\') {
      Escape(out);
    } else {
      out.push_back(static_cast<std::uint8_t>(text_[at_++]));
    }
  }
  Fail(start, "the string is too long");
}

bool Scanner::Escape(std::vector<std::uint8_t>& out) {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const std::size_t start = at_++;
  const char letter = at_ < text_.size() ? text_[at_++] : '\0';
  if (letter == 'x') {
    const auto byte = HexNumber(2);
    if (byte) out.push_back(static_cast<std::uint8_t>(*byte));
    return byte || Fail(start, "two hex digits are expected");
  }
  if (letter == 'u') {
    return Unicode(out) || Fail(start, "a character of four hex digits is expected");
  }
  const std::size_t which = letter == '\0' ? std::string_view::npos : kLetters.find(letter);
  if (which == std::string_view::npos) return Fail(start, "no escape of JSON");
  out.push_back(static_cast<std::uint8_t>(kMeanings[which]));
  return true;
}

std::optional<std::uint32_t> Scanner::HexNumber(std::size_t digits) {
  std::uint32_t value = 0;
  if (text_.size() - at_ < digits) return std::nullopt;
  for (std::size_t i = 0; i < digits; ++i) {
    const int digit = DigitOf(text_[at_++]);
    if (digit < 0) return std::nullopt;
    value = value << 4 | static_cast<std::uint32_t>(digit);
  }
  return value;
}

// Characters beyond 16 bits stand as two.
bool Scanner::Unicode(std::vector<std::uint8_t>& out) {
  const auto code = HexNumber(4);
  if (!code || (*code >= 0xdc00 && *code < 0xe000)) return false;
  if (*code < 0xd800 || *code >= 0xe000) {
    AppendUtf8(*code, out);
    return true;
  }
  if (!text_.substr(at_).starts_with("\\u")) return false;
  at_ += 2;
  const auto low = HexNumber(4);
  if (!low || *low < 0xdc00 || *low >= 0xe000) return false;
  AppendUtf8(0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00), out);
  return true;
}

void Scanner::Hex(std::vector<std::uint8_t>& out, std::size_t bytes_max) {
  const std::size_t start = offset();
  if (!Accept('"')) {
    Fail(start, "a string of hex digits is expected");
    return;
  }
  const std::size_t end = std::min(text_.find('"', at_), text_.size());
  if ((end - at_) / 2 > bytes_max) {
    Fail(start, "the string is too long");
    return;
  }
  bool good = end < text_.size() && (end - at_) % 2 == 0;
  while (good && at_ < end) {
    const auto byte = HexNumber(2);
    good = byte.has_value();
    if (good) out.push_back(static_cast<std::uint8_t>(*byte));
  }
  if (!good) {
    Fail(start, "a string of hex digits is expected");
    return;
  }
  ++at_;
}

}  // namespace tl::text
