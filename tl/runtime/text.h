#pragma once
// TL values as text for people, and back: JSON, one object a constructor, told along the tables of
// a schema and without any generated code.
//
//   {"_": "phone.requestCall", "video": true, "user_id": {"_": "inputUser", ...}, "random_id": 42}
//
// - `_` comes first: the name, or name#id when the name alone would mean another line.
// - Numbers are decimal, a double in the shortest form that reads back as the same bits; a double
//   that is no number is a string of its bits, 16 hex digits.
// - `string` is a string. Bytes that aren't UTF-8 stand as \xff in it, the one thing that JSON does
//   not have. bytes, int128 and int256 are strings of hex digits.
// - Absent fields are left out, `true` fields too unless they are set. A flags word stands there
//   with those bits only that no field explains.
// - `Object` is any of an object, an array of objects (a Vector), true, false, or its bytes as hex
//   digits when nothing is known of them.
// - What can't be shown is an object that Parse refuses: {"_secret": 256} is a secret of 256
//   bytes, {"_cut": 9000, "head": "begins like this"} is too long, and {"_error": "truncated",
//   "offset": 24} tells where and why the bytes can't be read.
//
// Both directions take what a stranger made: depth, counts and sizes are bounded by the options.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tl/runtime/reader.h"
#include "tl/runtime/schema.h"
#include "tl/runtime/value.h"
#include "tl/runtime/wire_error.h"

namespace tl {

// Deepest nesting of objects, whatever Limits::depth_max says: a level takes stack.
inline constexpr std::uint32_t kTextDepthMax = 128;

// Which method the rpc_result for a message answers, and so of which type it is.
struct AnsweredRequest {
  static constexpr std::int64_t kAnyMessage = 0;

  std::int64_t msg_id = kAnyMessage;
  std::uint32_t method = 0;
};

struct TextOptions {
  // 0: every id that any layer has.
  int layer = 0;
  // `User`, `Vector<long>`, `Bool`; empty: a boxed value or call, whatever its id says.
  std::string_view type = {};
  std::span<const AnsweredRequest> requests = {};
  bool indent = false;
  bool secrets = false;          // shows them
  std::size_t first_offset = 0;  // of the first byte, where offsets are told
  std::size_t bytes_shown_max = 1024;
  // Where printing stops, but for what closes the text.
  std::size_t text_bytes_max = std::size_t{1} << 20;
  Limits limits = {};
};

struct Printed {
  std::string text;
  std::size_t bytes_read = 0;
  WireError error = WireError::kNone;  // kTooLarge too when the text limit was reached
  std::size_t error_offset = 0;
  std::string_view why;  // WireErrorName, or what else ended it
  bool exact = false;    // Parse makes the same bytes of it

  bool ok() const { return error == WireError::kNone; }
};

// The first value of the bytes.
Printed PrintNext(RawObject bytes, const Schema& schema, const TextOptions& options = {});

// The whole of the bytes as one value; what is left behind it is told in the text.
std::string Print(RawObject bytes, const Schema& schema, const TextOptions& options = {});

struct ParseOptions {
  int layer = 0;  // of names without an id; 0: the newest that has the name
  std::string_view type = {};
  std::span<const AnsweredRequest> requests = {};
  std::size_t bytes_max = std::size_t{1} << 24;
  Limits limits = {};
};

struct Parsed {
  std::vector<std::uint8_t> bytes;
  std::size_t text_read = 0;
  std::string why;  // empty when all went well
  std::size_t error_offset = 0;

  bool ok() const { return why.empty(); }
};

// The first value of the text, and the white space behind it.
Parsed ParseNext(std::string_view text, const Schema& schema, const ParseOptions& options = {});

// The whole text as one value. Fields may stand in any order.
Parsed Parse(std::string_view text, const Schema& schema, const ParseOptions& options = {});

}  // namespace tl
