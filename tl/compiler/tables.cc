#include "tl/compiler/tables.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

namespace trunkline::tlc {
namespace {

using tl::FieldKind;
using tl::SchemaField;
using tl::SchemaLine;

FieldKind KindOf(const WireType& type) {
  switch (type.kind) {
    case WireKind::kFlags:
      return FieldKind::kFlags;
    case WireKind::kTrue:
      return FieldKind::kTrue;
    case WireKind::kInt:
      return FieldKind::kInt;
    case WireKind::kLong:
      return FieldKind::kLong;
    case WireKind::kDouble:
      return FieldKind::kDouble;
    case WireKind::kString:
      return type.bytes ? FieldKind::kBytes : FieldKind::kString;
    case WireKind::kInt128:
      return FieldKind::kInt128;
    case WireKind::kInt256:
      return FieldKind::kInt256;
    case WireKind::kBool:
      return FieldKind::kBool;
    case WireKind::kBoxed:
      return FieldKind::kBoxed;
    case WireKind::kBare:
      return FieldKind::kBare;
    case WireKind::kVector:
      return FieldKind::kVector;
    case WireKind::kBareVector:
      return FieldKind::kBareVector;
    case WireKind::kObject:
      return FieldKind::kObject;
  }
  return FieldKind::kObject;
}

// Last layer of a run, the layers without data behind it included unless the next run has them.
int LastLayer(const History& history, const Definition& definition, std::size_t run) {
  const auto& gaps = history.layers_without_data;
  int last = definition.runs[run].last;
  const int end = run + 1 < definition.runs.size() ? definition.runs[run + 1].first
                                                   : std::numeric_limits<int>::max();
  while (last + 1 < end && std::find(gaps.begin(), gaps.end(), last + 1) != gaps.end()) ++last;
  return last;
}

class Builder {
 public:
  Builder(const History& history, Secrets& secrets, Diagnostics& diagnostics)
      : history_(history), secrets_(secrets), diagnostics_(diagnostics) {
    tables_.names.push_back('\0');
    tables_.layer_max = history.layer_max;
  }

  Tables Run() {
    for (const Definition& definition : history_.definitions) {
      for (std::size_t run = 0; run < definition.runs.size(); ++run) AddLine(definition, run);
    }
    CheckSizes();
    SortLines();
    return std::move(tables_);
  }

 private:
  void AddLine(const Definition& definition, std::size_t run) {
    const Combinator& combinator = definition.runs[run].combinator;
    SchemaLine line;
    line.id = combinator.id;
    line.name = Name(definition.name);
    line.method = definition.kind == CombinatorKind::kMethod;
    line.first_layer = static_cast<std::uint16_t>(definition.runs[run].first);
    line.last_layer = static_cast<std::uint16_t>(LastLayer(history_, definition, run));
    SchemaField result;
    if (line.method) {
      SetType(combinator.result, combinator.position, result);
    } else {
      result.kind = FieldKind::kBoxed;
      result.type = Name(definition.type);
    }
    line.result = Ref(result);
    std::vector<std::uint16_t> refs;
    for (const SchemaField& field : FieldsOf(combinator)) refs.push_back(Ref(field));
    line.field_count = static_cast<std::uint16_t>(refs.size());
    line.first_field = Refs(refs);
    tables_.lines.push_back(line);
  }

  std::vector<SchemaField> FieldsOf(const Combinator& combinator) {
    std::vector<SchemaField> fields;
    std::vector<std::string> words;
    for (const Field& from : combinator.fields) {
      SchemaField field;
      field.name = Name(from.name);
      SetType(from.type, from.position, field);
      if (field.kind == FieldKind::kObject && !fields.empty() &&
          fields.back().kind == FieldKind::kInt &&
          combinator.fields[fields.size() - 1].name == "bytes") {
        field.kind = FieldKind::kSizedObject;
      }
      field.secret = field.kind != FieldKind::kTrue && secrets_.Covers(combinator.name, from.name);
      if (field.kind == FieldKind::kFlags) words.push_back(from.name);
      if (from.condition) {
        const auto word = std::find(words.begin(), words.end(), from.condition->word);
        field.word = static_cast<std::uint8_t>(word - words.begin());
        field.bit = static_cast<std::uint8_t>(from.condition->bit);
      }
      fields.push_back(field);
    }
    if (words.size() > tl::Schema::kFlagWordsMax || fields.size() > tl::Schema::kFieldsMax) {
      diagnostics_.Add(combinator.position, combinator.name + ": more fields than a table takes");
    }
    return fields;
  }

  void SetType(const WireType& type, const Position& position, SchemaField& field) {
    field.kind = KindOf(type);
    const WireType* named = &type;
    if (type.element != nullptr) {
      named = type.element.get();
      field.element = KindOf(*named);
      if (named->element != nullptr) {
        diagnostics_.Add(position, "a vector of vectors has no place in the tables");
      }
    }
    field.type = Name(named->kind == WireKind::kBare ? BareName(*named) : named->name);
  }

  // `message` and `%Message` are the same.
  std::string BareName(const WireType& bare) const {
    for (const Definition& definition : history_.definitions) {
      if (definition.name != bare.name && definition.type == bare.name) return definition.name;
    }
    return bare.name;
  }

  tl::NameOffset Name(const std::string& name) {
    if (name.empty()) return 0;
    const auto [at, fresh] =
        name_offsets_.emplace(name, static_cast<tl::NameOffset>(tables_.names.size()));
    if (fresh) tables_.names.append(name).push_back('\0');
    return at->second;
  }

  std::uint16_t Ref(const SchemaField& field) {
    const auto key = std::tuple(field.name, field.type, field.kind, field.element, field.word,
                                field.bit, field.secret);
    const auto [at, fresh] = field_indices_.emplace(key, tables_.fields.size());
    if (fresh) tables_.fields.push_back(field);
    return static_cast<std::uint16_t>(at->second);
  }

  // Lines of one combinator often have the same fields.
  std::uint32_t Refs(const std::vector<std::uint16_t>& refs) {
    const auto [at, fresh] =
        refs_at_.emplace(refs, static_cast<std::uint32_t>(tables_.field_refs.size()));
    if (fresh) tables_.field_refs.insert(tables_.field_refs.end(), refs.begin(), refs.end());
    return at->second;
  }

  void CheckSizes() {
    constexpr std::size_t kMax = std::numeric_limits<std::uint16_t>::max();
    if (tables_.fields.size() <= kMax && tables_.lines.size() <= kMax) return;
    diagnostics_.Add(history_.definitions.front().newest().position,
                     "the schema has more lines or fields than a table takes");
  }

  void SortLines() {
    std::vector<SchemaLine>& lines = tables_.lines;
    std::sort(lines.begin(), lines.end(), [](const SchemaLine& a, const SchemaLine& b) {
      return std::pair(a.id, a.first_layer) < std::pair(b.id, b.first_layer);
    });
    for (std::size_t i = 0; i < lines.size(); ++i) {
      tables_.by_name.push_back(static_cast<std::uint16_t>(i));
    }
    const tl::Schema view = tables_.View();
    std::sort(tables_.by_name.begin(), tables_.by_name.end(),
              [&](std::uint16_t a, std::uint16_t b) {
                return std::pair(view.NameOf(lines[a]), lines[a].first_layer) <
                       std::pair(view.NameOf(lines[b]), lines[b].first_layer);
              });
  }

  const History& history_;
  Secrets& secrets_;
  Diagnostics& diagnostics_;
  Tables tables_;
  std::map<std::string, tl::NameOffset, std::less<>> name_offsets_;
  std::map<std::tuple<tl::NameOffset, tl::NameOffset, FieldKind, FieldKind, std::uint8_t,
                      std::uint8_t, bool>,
           std::size_t>
      field_indices_;
  std::map<std::vector<std::uint16_t>, std::uint32_t> refs_at_;
};

}  // namespace

tl::Schema Tables::View() const {
  return {names.c_str(), lines, fields, field_refs, by_name, layer_max, nullptr};
}

Tables BuildTables(const History& history, Secrets& secrets, Diagnostics& diagnostics) {
  return Builder(history, secrets, diagnostics).Run();
}

}  // namespace trunkline::tlc
