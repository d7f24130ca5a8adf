#pragma once
// What a value becomes when it is written for another layer, told from the schema files alone: a
// field of the same name and kind keeps its value, any other is neutral; a constructor that the
// layer lacks is left out of vectors and optional fields, and a fallback stands in for it
// elsewhere.
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "peer_reader.h"

namespace trunkline::peer {

// tl/schema/fallbacks.tsv: boxed type to constructor.
using Fallbacks = std::map<std::string, std::string, std::less<>>;
const Fallbacks& ProjectFallbacks();

// The one field whose bit moved while the id stayed (bit 2 at 190-199, bit 5 from 200 on), so that
// no reader can tell which of the two a value means.
inline constexpr std::pair<std::string_view, std::string_view> kMovedBit = {"messageActionGiftCode",
                                                                            "unclaimed"};

struct Tally {
  std::set<const Line*> lines;       // of the layer written for, with all fields compared
  std::uint64_t equal_fields = 0;    // with a value of their own
  std::uint64_t neutral_fields = 0;  // which the value in memory does not have
  std::uint64_t fallbacks = 0;
  std::uint64_t left_out = 0;  // of vectors
  std::uint64_t absent = 0;    // optional fields whose constructor the layer lacks
};

// Whether a field of a line has a place in memory; `newest` is what memory has.
bool Kept(const Schema& newest, const Line& line, const Field& field);

class Comparer {
 public:
  // Values in memory have the fields of `newest`; they were written at the layer of `to`.
  Comparer(const Schema& newest, const Schema& to, const Fallbacks& fallbacks, Tally& tally)
      : newest_(newest), to_(to), fallbacks_(fallbacks), tally_(tally) {}

  // Whether the layer has the constructor or method.
  bool Knows(const Line& line) const;

  // Whether `after` is what `before` must become. `why` tells the first difference.
  bool Compare(const Tree& before, const Tree& after, std::string& why);

 private:
  struct Source;

  bool Fault(const std::string& why);
  Source SourceOf(const Tree& before, const Field& field) const;
  bool Speaks(const Source& source, const Field& field) const;
  bool Object(const Tree& before, const Tree& after);
  bool Fields(const Tree& before, const Tree& after);
  bool Presence(const Tree& before, const Field& field, bool present);
  bool Item(const Source& source, const Field& field, const Tree& after);
  bool Value(const Source& source, const Type& type, const Tree& after);
  bool Elements(const Tree& before, const Tree& after);
  bool Neutral(const Type& type, const Tree& after);
  bool NeutralObject(const Tree& after);

  const Schema& newest_;
  const Schema& to_;
  const Fallbacks& fallbacks_;
  Tally& tally_;
  std::string why_;
};

}  // namespace trunkline::peer
