#pragma once
// Cuts a text into JSON's words. The first fault is kept with its offset; after it nothing more is
// found.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tl::text {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool ok() const { return why_.empty(); }
  const std::string& why() const { return why_; }
  std::size_t error_offset() const { return error_offset_; }

  // Of the next word: white space is skipped.
  std::size_t offset() {
    SkipSpace();
    return at_;
  }
  bool AtEnd() { return offset() == text_.size(); }
  // The next character; 0 at the end.
  char Peek() { return AtEnd() ? '\0' : text_[at_]; }

  bool Accept(char c);
  bool Expect(char c);
  // A string without escapes, as names are.
  std::string_view Name();
  // true or false.
  bool Bool();
  std::int64_t Integer(std::int64_t min, std::int64_t max);
  double Double();
  // Appends what a string says; with more than `bytes_max` bytes it is a fault.
  void String(std::vector<std::uint8_t>& out, std::size_t bytes_max);
  void Hex(std::vector<std::uint8_t>& out, std::size_t bytes_max);

  bool Fail(std::size_t offset, std::string why);

 private:
  void SkipSpace();
  std::string_view NumberWord();
  bool Escape(std::vector<std::uint8_t>& out);
  std::optional<std::uint32_t> HexNumber(std::size_t digits);
  bool Unicode(std::vector<std::uint8_t>& out);

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t error_offset_ = 0;
  std::string why_;
};

}  // namespace tl::text
