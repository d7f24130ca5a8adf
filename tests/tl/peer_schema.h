#pragma once
// A second implementation of TL, to hold the generated code against: it shares nothing with
// tl/compiler and tl/runtime but the schema files, and goes along one layer's own file as that
// layer's client would. This part splits lines of the form `name#id field:type ... = Result;`.
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trunkline::peer {

// The layers whose whole text is in tests/tl/schema.
inline constexpr std::array kLayers = {133, 140, 144, 148, 152, 160, 166, 174, 181, 190,
                                       198, 201, 204, 214, 216, 223, 224, 227, 228, 229};
inline constexpr int kNewestLayer = kLayers.back();

inline constexpr std::uint32_t kVector = 0x1cb5c415;
inline constexpr std::uint32_t kTrue = 0x997275b5;
inline constexpr std::uint32_t kFalse = 0xbc799737;

enum class Kind {
  kWord,  // #
  kBit,   // true
  kInt,
  kLong,
  kDouble,
  kString,
  kBytes,
  kInt128,
  kInt256,
  kBool,
  kBoxed,
  kRest,  // !X
};

struct Type {
  Kind kind = Kind::kInt;
  bool vector = false;  // Vector of the kind
  std::string name;     // of the boxed type

  bool boxed() const { return kind == Kind::kBoxed; }
  bool truth() const { return !vector && (kind == Kind::kBit || kind == Kind::kBool); }
};

struct Field {
  std::string name;
  Type type;
  std::string word;  // empty for a field without a condition
  int bit = 0;
};

struct Line {
  std::string name;
  std::uint32_t id = 0;
  bool method = false;
  std::vector<Field> fields;
  std::string result;

  const Field* Find(std::string_view field) const;
  std::size_t IndexOf(const Field& field) const {
    return static_cast<std::size_t>(&field - fields.data());
  }
};

class Schema {
 public:
  // tests/tl/schema/<layer>.tl.
  static const Schema& OfLayer(int layer);
  // The last line that each name ever had, from tl/schema/history.tsv: what a value in memory
  // holds.
  static const Schema& Newest();

  // Tests' own text, for tests of this code.
  static Schema OfText(std::string_view text);

  const Line* Find(std::string_view name) const;
  const Line* ById(std::uint32_t id) const;
  // Constructors of a boxed type; empty for a type that is not there.
  const std::vector<const Line*>& OfType(std::string_view type) const;
  const std::map<std::string, Line, std::less<>>& lines() const { return lines_; }

 private:
  void Add(Line line);
  void Index();

  std::map<std::string, Line, std::less<>> lines_;
  std::map<std::uint32_t, const Line*> ids_;
  std::map<std::string, std::vector<const Line*>, std::less<>> types_;
};

// Every row of tl/schema/history.tsv with the last layer it holds at.
std::vector<std::pair<int, Line>> HistoryRows();

// Splits `flags:# id:long note:flags.2?string`; binders in braces are left out.
std::vector<Field> SplitFields(std::string_view text);
Type TypeOf(std::string_view text);

}  // namespace trunkline::peer
