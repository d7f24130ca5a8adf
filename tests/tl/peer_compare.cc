#include "peer_compare.h"

#include <fstream>
#include <utility>

#include "tests/paths.h"

namespace trunkline::peer {
namespace {

// string and bytes have one encoding.
Kind Encoding(const Type& type) {
  return type.kind == Kind::kBytes ? Kind::kString : type.kind;
}

bool Same(const Type& a, const Type& b) {
  return a.vector == b.vector && Encoding(a) == Encoding(b) && a.name == b.name;
}

// Whether a field keeps its value in one of another type: Bool and true are the same truth, and an
// int became a long.
bool Fits(const Type& wire, const Type& memory) {
  const bool widened =
      !wire.vector && !memory.vector && wire.kind == Kind::kInt && memory.kind == Kind::kLong;
  return Same(wire, memory) || (wire.truth() && memory.truth()) || widened;
}

bool Empty(const Tree& tree) {
  return tree.number == 0 && tree.text.empty() && tree.items.empty();
}

std::uint64_t NumberAs(const Tree& before, const Type& from, const Type& to) {
  if (from.kind == Kind::kInt && to.kind == Kind::kLong) {
    return static_cast<std::uint64_t>(
        static_cast<std::int64_t>(static_cast<std::int32_t>(before.number)));
  }
  return to.kind == Kind::kInt ? static_cast<std::uint32_t>(before.number) : before.number;
}

}  // namespace

const Fallbacks& ProjectFallbacks() {
  static const Fallbacks fallbacks = [] {
    Fallbacks made;
    for (const char* const file : {"fallbacks.tsv", "fallbacks_full.tsv"}) {
      std::ifstream in(std::string(TRUNKLINE_SOURCE_DIR) + "/tl/schema/" + file);
      for (std::string row; std::getline(in, row);) {
        const std::size_t tab = row.find('\t');
        if (!row.starts_with('#') && tab != row.npos) {
          made[row.substr(0, tab)] = row.substr(tab + 1);
        }
      }
    }
    return made;
  }();
  return fallbacks;
}

bool Kept(const Schema& newest, const Line& line, const Field& field) {
  const Line* const last = newest.Find(line.name);
  const Field* const memory = last == nullptr ? nullptr : last->Find(field.name);
  return memory != nullptr && Fits(field.type, memory->type);
}

// What memory has for a field: nothing, or the value and how it is kept.
struct Comparer::Source {
  const Tree* value = nullptr;    // nullptr when the field is not in memory, or absent there
  const Field* wire = nullptr;    // as it was read
  const Field* memory = nullptr;  // as the newest line has it
};

bool Comparer::Fault(const std::string& why) {
  why_ = why_.empty() ? why : why + ": " + why_;
  return false;
}

bool Comparer::Knows(const Line& line) const {
  const Line* const there = to_.Find(line.name);
  if (there == nullptr || there->method != line.method) return false;
  return line.method || there->result == line.result;
}

Comparer::Source Comparer::SourceOf(const Tree& before, const Field& field) const {
  Source source;
  source.wire = before.line->Find(field.name);
  source.memory = newest_.Find(before.line->name)->Find(field.name);
  if (source.wire == nullptr || source.memory == nullptr) return {};
  if (!Kept(newest_, *before.line, *source.wire) || !Kept(newest_, *before.line, field)) return {};
  const Tree& value = before.items[before.line->IndexOf(*source.wire)];
  if (value.present) source.value = &value;
  return source;
}

// Whether the value sets the bit of its field.
bool Comparer::Speaks(const Source& source, const Field& field) const {
  if (source.value == nullptr) return false;
  const Type& type = field.type;
  if (type.boxed() && !type.vector) return Knows(*source.value->line);
  if (type.kind == Kind::kBit || source.memory->type.kind == Kind::kBit) {
    return source.value->number != 0;
  }
  if (!source.memory->word.empty()) return true;
  const bool has_zero = type.vector || type.kind == Kind::kInt || type.kind == Kind::kLong ||
                        type.kind == Kind::kString || type.kind == Kind::kBytes ||
                        type.kind == Kind::kBool;
  return !has_zero || !Empty(*source.value);
}

bool Comparer::Compare(const Tree& before, const Tree& after, std::string& why) {
  why_.clear();
  const bool same = before.line != nullptr ? Object(before, after) : Elements(before, after);
  why = why_;
  return same;
}

bool Comparer::Object(const Tree& before, const Tree& after) {
  if (!Knows(*before.line)) {
    ++tally_.fallbacks;
    return NeutralObject(after) || Fault("in place of " + before.line->name);
  }
  if (after.line->name != before.line->name) {
    return Fault(before.line->name + " became " + after.line->name);
  }
  return Fields(before, after);
}

// A bit is set when any of the fields that share it has something to say.
bool Comparer::Presence(const Tree& before, const Field& field, bool present) {
  bool speaks = false;
  bool unsure = false;
  for (const Field& other : to_.Find(before.line->name)->fields) {
    if (other.word != field.word || other.bit != field.bit) continue;
    const bool moved =
        std::pair<std::string_view, std::string_view>(before.line->name, other.name) == kMovedBit;
    (moved ? unsure : speaks) |= moved || Speaks(SourceOf(before, other), other);
  }
  return present == speaks || (present && unsure) ||
         Fault(before.line->name + "." + field.name + (present ? " is present" : " is absent"));
}

bool Comparer::Fields(const Tree& before, const Tree& after) {
  const Line& line = *after.line;
  for (std::size_t i = 0; i < line.fields.size(); ++i) {
    const Field& field = line.fields[i];
    const Tree& item = after.items[i];
    if (field.type.kind == Kind::kWord) continue;
    if (!field.word.empty() && !Presence(before, field, item.present)) return false;
    const Source source = SourceOf(before, field);
    const bool lacking = source.value != nullptr && field.type.boxed() && !field.type.vector &&
                         !Knows(*source.value->line);
    if (!field.word.empty() && lacking) ++tally_.absent;
    if (item.present && !Item(source, field, item)) return Fault(line.name + "." + field.name);
  }
  tally_.lines.insert(&line);
  return true;
}

bool Comparer::Item(const Source& source, const Field& field, const Tree& after) {
  if (field.type.kind == Kind::kBit) return true;
  if (source.value != nullptr) {
    ++tally_.equal_fields;
    return Value(source, field.type, after);
  }
  ++tally_.neutral_fields;
  return Neutral(field.type, after);
}

bool Comparer::Value(const Source& source, const Type& type, const Tree& after) {
  const Tree& before = *source.value;
  if (type.vector) return Elements(before, after);
  if (type.boxed()) return Object(before, after);
  const bool same =
      NumberAs(before, source.wire->type, type) == after.number && before.text == after.text;
  return same || Fault("the value is another");
}

bool Comparer::Elements(const Tree& before, const Tree& after) {
  std::size_t next = 0;
  for (const Tree& element : before.items) {
    if (element.line != nullptr && !Knows(*element.line)) {
      ++tally_.left_out;
      continue;
    }
    if (next == after.items.size()) return Fault("an element is missing");
    const Tree& there = after.items[next++];
    if (element.line != nullptr) {
      if (!Object(element, there)) return Fault("[" + std::to_string(next - 1) + "]");
    } else if (element.number != there.number || element.text != there.text) {
      return Fault("an element is another");
    }
  }
  return next == after.items.size() || Fault("there are more elements");
}

bool Comparer::Neutral(const Type& type, const Tree& after) {
  if (type.boxed() && !type.vector) return NeutralObject(after);
  if (type.kind == Kind::kInt128 || type.kind == Kind::kInt256) {
    return after.text.find_first_not_of('\0') == after.text.npos || Fault("not zero");
  }
  return Empty(after) || Fault("not neutral");
}

bool Comparer::NeutralObject(const Tree& after) {
  const Line& line = *after.line;
  const auto decreed = fallbacks_.find(line.result);
  const Line* const wanted = decreed == fallbacks_.end() ? nullptr : to_.Find(decreed->second);
  if (wanted != nullptr && wanted != &line) {
    return Fault(line.name + " stands in for " + line.result);
  }
  for (std::size_t i = 0; i < line.fields.size(); ++i) {
    const Field& field = line.fields[i];
    const Tree& item = after.items[i];
    if (field.type.kind == Kind::kWord) continue;
    if (!field.word.empty() && item.present) return Fault(line.name + "." + field.name);
    if (field.word.empty() && !Neutral(field.type, item))
      return Fault(line.name + "." + field.name);
  }
  return true;
}

}  // namespace trunkline::peer
