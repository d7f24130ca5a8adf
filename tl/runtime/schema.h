#pragma once
// A whole schema as flat tables: the line of every id at every layer, with its fields. What the
// generated readers know as code this knows as data, so tools and traces can follow any value
// without it. Tables come from tlc, as constant arrays in generated code or built at run time; a
// Schema only points at them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tl {

enum class FieldKind : std::uint8_t {
  kFlags,
  kTrue,  // a bit, no bytes
  kInt,
  kLong,
  kDouble,
  kString,
  kBytes,
  kInt128,
  kInt256,
  kBool,
  kBoxed,
  kBare,         // a constructor without its id
  kVector,       // id, count, elements
  kBareVector,   // count, elements
  kObject,       // any boxed value, to the end of what holds it
  kSizedObject,  // the same, as long as the int in front of it says
};

// Names are offsets into Schema::names, each ends with a zero; equal names have equal offsets, and
// offset 0 is the empty name.
using NameOffset = std::uint32_t;

struct SchemaField {
  static constexpr std::uint8_t kNoWord = 255;

  NameOffset name = 0;
  NameOffset type = 0;  // of kBoxed and kBare, or of a vector's elements that are so
  FieldKind kind = FieldKind::kInt;
  FieldKind element = FieldKind::kInt;
  std::uint8_t word = kNoWord;  // which flags word of its line tells whether it is there
  std::uint8_t bit = 0;
  bool secret = false;

  constexpr bool conditional() const { return word != kNoWord; }
};

// An id has several lines when `true` fields came or went; their layers don't overlap. Lines of a
// schema without layers hold at any.
struct SchemaLine {
  std::uint32_t id = 0;
  NameOffset name = 0;
  std::uint32_t first_field = 0;  // in Schema::field_refs
  std::uint16_t field_count = 0;
  std::uint16_t result = 0;  // in Schema::fields: the constructor's type, the method's result
  std::uint16_t first_layer = 0;
  std::uint16_t last_layer = 0;
  bool method = false;

  constexpr bool HoldsAt(int layer) const {
    return last_layer == 0 || (first_layer <= layer && layer <= last_layer);
  }
};

struct Schema {
  // Bounds that tlc keeps, so that walks need no memory of their own.
  static constexpr std::size_t kFlagWordsMax = 4;
  static constexpr std::size_t kFieldsMax = 250;

  const char* names = "";
  std::span<const SchemaLine> lines;          // by id, then layer
  std::span<const SchemaField> fields;        // each different one once
  std::span<const std::uint16_t> field_refs;  // into fields
  std::span<const std::uint16_t> by_name;     // into lines, by name, then layer
  int layer_max = 0;                          // 0: no layers
  const Schema* also = nullptr;               // where `Object` may lead besides this one

  constexpr std::string_view Name(NameOffset offset) const { return names + offset; }
  constexpr std::string_view NameOf(const SchemaLine& line) const { return Name(line.name); }
  constexpr const SchemaField& Field(const SchemaLine& line, std::size_t index) const {
    return fields[field_refs[line.first_field + index]];
  }
  constexpr const SchemaField& Result(const SchemaLine& line) const { return fields[line.result]; }

  // All lines of an id, oldest first.
  constexpr std::span<const SchemaLine> LinesOf(std::uint32_t id) const {
    const auto by_id = [](const SchemaLine& line, std::uint32_t wanted) {
      return line.id < wanted;
    };
    const auto first = std::lower_bound(lines.begin(), lines.end(), id, by_id);
    auto last = first;
    while (last != lines.end() && last->id == id) ++last;
    return {first, last};
  }

  // The line of an id at a layer, layers above the newest taken as the newest; layer 0: the newest
  // line. nullptr when there is none.
  constexpr const SchemaLine* Find(std::uint32_t id, int layer = 0) const {
    const SchemaLine* found = nullptr;
    for (const SchemaLine& line : LinesOf(id)) {
      if (layer == 0 || line.HoldsAt(std::min(layer, layer_max))) found = &line;
    }
    return found;
  }

  // All lines of a name, oldest first, as indices into `lines`. No constructor is called like a
  // method.
  constexpr std::span<const std::uint16_t> LinesOf(std::string_view name) const {
    const auto before = [this](std::uint16_t line, std::string_view wanted) {
      return NameOf(lines[line]) < wanted;
    };
    const auto first = std::lower_bound(by_name.begin(), by_name.end(), name, before);
    auto last = first;
    while (last != by_name.end() && NameOf(lines[*last]) == name) ++last;
    return {first, last};
  }

  constexpr const SchemaLine* Find(std::string_view name, int layer = 0) const {
    const SchemaLine* found = nullptr;
    for (const std::uint16_t index : LinesOf(name)) {
      const SchemaLine& line = lines[index];
      const bool newer = found == nullptr || line.last_layer > found->last_layer;
      if (layer == 0 ? newer : line.HoldsAt(std::min(layer, layer_max))) found = &line;
    }
    return found;
  }

  // The offset of a boxed type's name; 0 when no constructor makes it.
  constexpr NameOffset FindType(std::string_view name) const {
    for (const SchemaLine& line : lines) {
      if (!line.method && Name(Result(line).type) == name) return Result(line).type;
    }
    return 0;
  }
};

}  // namespace tl
