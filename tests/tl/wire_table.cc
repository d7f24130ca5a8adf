#include "wire_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <utility>

#include "tests/paths.h"
#include "tl/runtime/reader.h"

namespace trunkline::tlc {
namespace {

constexpr int kNever = 1000;

template <class T>
void Put(std::vector<std::uint8_t>& out, T value) {
  std::uint8_t bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.insert(out.end(), bytes, bytes + sizeof(T));
}

}  // namespace

// Reads along the table. The reader's numbers and strings are shared with the generated code; which
// constructors, fields and flags there are is not.
class WireTable::Walk {
 public:
  Walk(const WireTable& table, int layer, std::span<const std::uint8_t> bytes)
      : table_(table), layer_(layer), reader_(bytes, nullptr) {}

  bool Boxed(const std::string& type) {
    const std::uint32_t id = reader_.U32();
    for (const Definition* definition : table_.types_.at(type)) {
      const Combinator* const line = LineAt(*definition, layer_);
      if (line != nullptr && line->id == id) return Fields(*line);
    }
    return Fault(type + " has no id " + std::to_string(id));
  }

  bool AtEnd() { return reader_.ExpectEnd() || Fault("bytes are left"); }
  const std::string& why() const { return why_; }

 private:
  bool Fields(const Combinator& line) {
    std::map<std::string, std::uint32_t> words;
    std::map<std::string, std::uint32_t> known;
    for (const Field& field : line.fields) {
      if (field.condition) known[field.condition->word] |= std::uint32_t{1} << field.condition->bit;
    }
    for (const Field& field : line.fields) {
      if (field.type.kind == WireKind::kFlags) {
        words[field.name] = reader_.U32();
        if ((words[field.name] & ~known[field.name]) != 0)
          return Fault(line.name + ": unknown flag");
        continue;
      }
      if (field.condition && (words[field.condition->word] >> field.condition->bit & 1) == 0)
        continue;
      if (!Value(field.type)) return Fault("in " + line.name + "." + field.name);
    }
    return true;
  }

  bool Value(const WireType& type) {
    switch (type.kind) {
      case WireKind::kTrue:
        break;
      case WireKind::kInt:
        reader_.I32();
        break;
      case WireKind::kLong:
      case WireKind::kDouble:
        reader_.I64();
        break;
      case WireKind::kString:
        reader_.Bytes();
        break;
      case WireKind::kInt128:
        reader_.I128();
        break;
      case WireKind::kInt256:
        reader_.I256();
        break;
      case WireKind::kBool:
        reader_.Bool();
        break;
      case WireKind::kBoxed:
        return Boxed(type.name);
      case WireKind::kVector: {
        const std::size_t count = reader_.BoxedCount(4);
        for (std::size_t i = 0; i < count; ++i) {
          if (!Value(*type.element)) return false;
        }
        break;
      }
      default:
        return Fault("a type that the API does not have in answers");
    }
    return reader_.ok() || Fault(tl::WireErrorName(reader_.error()));
  }

  bool Fault(const std::string& why) {
    why_ += (why_.empty() ? "" : ", ") + why;
    return false;
  }

  const WireTable& table_;
  int layer_;
  tl::Reader reader_;
  std::string why_;
};

const WireTable& WireTable::Project() {
  static const WireTable table = [] {
    const std::string file = std::string(TRUNKLINE_SOURCE_DIR) + "/tl/schema/history.tsv";
    std::ifstream in(file, std::ios::binary);
    Diagnostics diagnostics;
    History history = ReadHistory(in, file, diagnostics);
    EXPECT_TRUE(diagnostics.empty());
    return WireTable(std::move(history));
  }();
  return table;
}

WireTable::WireTable(History history) : history_(std::move(history)) {
  for (const Definition& definition : history_.definitions) {
    if (definition.kind == CombinatorKind::kConstructor)
      types_[definition.type].push_back(&definition);
  }
}

const Combinator* WireTable::LineAt(const Definition& definition, int layer) {
  constexpr int kWithoutData[] = {141, 153, 157, 226};
  for (const Run& run : definition.runs) {
    if (run.first <= layer && layer <= run.last) return &run.combinator;
  }
  const bool unknown =
      std::find(std::begin(kWithoutData), std::end(kWithoutData), layer) != std::end(kWithoutData);
  return unknown ? LineAt(definition, layer - 1) : nullptr;
}

// Types settle in rounds, as many as the table needs: a constructor is as deep as its deepest
// mandatory field and one more.
int WireTable::DepthOf(const std::string& type, int layer) const {
  auto& depths = const_cast<WireTable*>(this)->depths_[layer];
  if (depths.empty()) {
    for (bool more = true; more;) {
      more = false;
      for (const auto& [name, definitions] : types_) {
        for (const Definition* definition : definitions) {
          const Combinator* const line = LineAt(*definition, layer);
          if (line == nullptr) continue;
          int depth = 1;
          for (const Field& field : line->fields) {
            if (field.condition || field.type.kind != WireKind::kBoxed) continue;
            const auto known = depths.find(field.type.name);
            depth = std::max(depth, known == depths.end() ? kNever : known->second + 1);
          }
          if (depth >= kNever) continue;
          const auto [known, fresh] = depths.emplace(name, depth);
          if (fresh || depth < known->second) {
            known->second = depth;
            more = true;
          }
        }
      }
    }
  }
  const auto known = depths.find(type);
  return known == depths.end() ? kNever : known->second;
}

std::size_t WireTable::used() const {
  return static_cast<std::size_t>(std::count_if(
      used_.begin(), used_.end(), [](const auto& entry) { return entry.second > 0; }));
}

void WireTable::MakeType(const std::string& type, int layer, int depth,
                         std::vector<std::uint8_t>& out) {
  const Definition* best = nullptr;
  int best_depth = 0;
  for (const Definition* definition : types_.at(type)) {
    const Combinator* const line = LineAt(*definition, layer);
    if (line == nullptr) continue;
    int needs = 1;
    for (const Field& field : line->fields) {
      if (!field.condition && field.type.kind == WireKind::kBoxed) {
        needs = std::max(needs, DepthOf(field.type.name, layer) + 1);
      }
    }
    const bool better =
        needs <= depth ? best_depth > depth || used_[definition] < used_[best] : needs < best_depth;
    if (best == nullptr || better) {
      best = definition;
      best_depth = needs;
    }
  }
  ASSERT_NE(best, nullptr) << type << " at " << layer;
  ++used_[best];
  const Combinator& line = *LineAt(*best, layer);
  Put(out, line.id);
  MakeFields(line, layer, depth - 1, out);
}

void WireTable::MakeCall(const Combinator& method, int layer, int depth,
                         std::vector<std::uint8_t>& out) {
  Put(out, method.id);
  MakeFields(method, layer, depth, out);
}

void WireTable::MakeFields(const Combinator& line, int layer, int depth,
                           std::vector<std::uint8_t>& out) {
  std::map<std::string, std::uint32_t> words;
  for (const Field& field : line.fields) {
    if (!field.condition || random_() % 4 == 0) continue;
    const WireType& type = field.type;
    if (type.kind == WireKind::kBoxed && DepthOf(type.name, layer) > depth) continue;
    words[field.condition->word] |= std::uint32_t{1} << field.condition->bit;
  }
  // A bit may be shared with a field that this depth does not allow.
  for (const Field& field : line.fields) {
    if (field.condition && field.type.kind == WireKind::kBoxed &&
        DepthOf(field.type.name, layer) > depth) {
      words[field.condition->word] &= ~(std::uint32_t{1} << field.condition->bit);
    }
  }
  for (const Field& field : line.fields) {
    if (field.type.kind == WireKind::kFlags) {
      Put(out, words[field.name]);
    } else if (!field.condition ||
               (words[field.condition->word] >> field.condition->bit & 1) != 0) {
      MakeValue(field.type, layer, depth, out);
    }
  }
}

void WireTable::MakeValue(const WireType& type, int layer, int depth,
                          std::vector<std::uint8_t>& out) {
  switch (type.kind) {
    case WireKind::kTrue:
      return;
    case WireKind::kInt:
      return Put(out, static_cast<std::uint32_t>(random_()));
    case WireKind::kLong:
    case WireKind::kDouble:
      return Put(out, static_cast<std::uint64_t>(random_() >> 12));
    case WireKind::kString:
      return MakeString(out);
    case WireKind::kInt128:
    case WireKind::kInt256:
      for (int i = type.kind == WireKind::kInt128 ? 2 : 4; i > 0; --i) Put(out, random_());
      return;
    case WireKind::kBool:
      return Put(out, random_() % 2 == 0 ? tl::kBoolTrueId : tl::kBoolFalseId);
    case WireKind::kBoxed:
      return MakeType(type.name, layer, depth, out);
    case WireKind::kVector: {
      const bool boxed = type.element->kind == WireKind::kBoxed;
      const bool none = boxed && DepthOf(type.element->name, layer) > depth;
      const auto count = static_cast<std::uint32_t>(none ? 0 : random_() % 3);
      Put(out, tl::kVectorId);
      Put(out, count);
      for (std::uint32_t i = 0; i < count; ++i) MakeValue(*type.element, layer, depth, out);
      return;
    }
    case WireKind::kObject:
      return Put(out, std::uint32_t{0xc4f9186b});
    default:
      FAIL() << "a type that the API does not have";
  }
}

void WireTable::MakeString(std::vector<std::uint8_t>& out) {
  const std::size_t size = random_() % 50 == 0 ? 254 + random_() % 10 : random_() % 10;
  const std::size_t start = out.size();
  if (size < 254) {
    out.push_back(static_cast<std::uint8_t>(size));
  } else {
    Put(out, static_cast<std::uint32_t>(size << 8 | 254));
  }
  for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<std::uint8_t>(random_()));
  while ((out.size() - start) % 4 != 0) out.push_back(0);
}

bool WireTable::Accepts(const std::string& type, int layer, std::span<const std::uint8_t> bytes,
                        std::string* why) const {
  Walk walk(*this, layer, bytes);
  const bool good = walk.Boxed(type) && walk.AtEnd();
  *why = walk.why();
  return good;
}

}  // namespace trunkline::tlc
