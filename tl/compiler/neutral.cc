// Settles, for every boxed type and layer, the constructor that is written where a mandatory field
// has no value that the layer knows. Its own mandatory fields are neutral in turn, so the choice
// goes in rounds: a constructor can be chosen once all types it needs are settled, which is also
// why writing it ends.
#include <algorithm>
#include <set>
#include <tuple>

#include "tl/compiler/fallbacks.h"

namespace trunkline::tlc {
namespace {

using Settled = std::map<std::string, const Record*>;

const LayoutRun* RunAt(const Record& record, int layer) {
  const LayoutRun* found = nullptr;
  for (const LayoutRun& run : record.runs) {
    if (run.first <= layer) found = &run;
  }
  return found;
}

// A conditional field is as good as mandatory when another field can set its bit.
bool BitOfAnother(const Record& record, const Layout& layout, const Field& field) {
  const auto same_bit = [&](const Field& other) {
    return other.condition && other.condition->word == field.condition->word &&
           other.condition->bit == field.condition->bit;
  };
  const auto& fields = layout.fields;
  return std::count_if(fields.begin(), fields.end(), same_bit) > 1 &&
         std::any_of(fields.begin(), fields.end(), [&](const Field& other) {
           return same_bit(other) && FitOf(other, record.Find(other.name)) != Fit::kNone;
         });
}

template <class Visit>
void ForEachMandatory(const Record& record, int layer, bool with_shared, Visit visit) {
  const LayoutRun* const run = RunAt(record, layer);
  if (run == nullptr) return;
  const Layout& layout = record.layouts[run->layout];
  for (const Field& field : layout.fields) {
    if (field.type.kind != WireKind::kBoxed) continue;
    if (!field.condition || (with_shared && BitOfAnother(record, layout, field))) visit(field);
  }
}

bool Ready(const Record& record, int layer, const Settled& settled) {
  bool ready = true;
  ForEachMandatory(record, layer, false,
                   [&](const Field& field) { ready = ready && settled.contains(field.type.name); });
  return ready;
}

auto Rank(const Record& record) {
  int layers = 0;
  for (const Span& span : record.spans) layers += span.last - span.first + 1;
  const std::string& name = record.definition->name;
  const auto fields =
      std::count_if(record.members.begin(), record.members.end(),
                    [](const Member& member) { return member.storage != Storage::kWord; });
  return std::tuple(!name.ends_with("Empty"), -layers, fields, name);
}

// Those that could stand in at a layer, the one that the rule likes best in front.
std::vector<const Record*> Candidates(const Union& of, int layer, const Settled& settled) {
  std::vector<const Record*> candidates;
  for (const Record* record : of.constructors) {
    if (record->ExistsAt(layer) && Ready(*record, layer, settled)) candidates.push_back(record);
  }
  std::sort(candidates.begin(), candidates.end(),
            [](const Record* a, const Record* b) { return Rank(*a) < Rank(*b); });
  return candidates;
}

// The constructor of the type's row that holds at the layer, if any.
const Record* DeclaredAt(const FallbackTable& fallbacks, const std::string& type, const Union& of,
                         int layer) {
  const auto row = fallbacks.types.find(type);
  if (row == fallbacks.types.end()) return nullptr;
  for (const Cell& cell : row->second.constructors) {
    for (const Record* record : of.constructors) {
      if (record->definition->name == cell.text && record->ExistsAt(layer)) return record;
    }
  }
  return nullptr;
}

class Chooser {
 public:
  Chooser(const FallbackTable& fallbacks, const Model& model, int layer)
      : fallbacks_(fallbacks), model_(model), layer_(layer) {}

  Settled Run() const {
    Settled settled;
    for (bool more = true; more;) {
      Settled round;
      for (const auto& [type, of] : model_.unions) {
        if (settled.contains(type)) continue;
        if (const Record* record = Best(type, of, settled)) round[type] = record;
      }
      more = !round.empty();
      settled.merge(round);
    }
    return settled;
  }

 private:
  const Record* Best(const std::string& type, const Union& of, const Settled& settled) const {
    if (const Record* declared = DeclaredAt(fallbacks_, type, of, layer_)) {
      return Ready(*declared, layer_, settled) ? declared : nullptr;
    }
    const std::vector<const Record*> candidates = Candidates(of, layer_, settled);
    return candidates.empty() ? nullptr : candidates.front();
  }

  const FallbackTable& fallbacks_;
  const Model& model_;
  int layer_;
};

void Append(const Settled& settled, int layer, Model& model) {
  for (auto& [type, of] : model.unions) {
    const auto at = settled.find(type);
    const Record* const record = at == settled.end() ? nullptr : at->second;
    if (of.neutrals.empty() || of.neutrals.back().second != record)
      of.neutrals.emplace_back(layer, record);
  }
}

// Looks at every mandatory field of a layer; tells a position or a type once over all layers.
class Checker {
 public:
  Checker(const FallbackTable& fallbacks, const Model& model, Diagnostics& diagnostics)
      : fallbacks_(fallbacks), model_(model), diagnostics_(diagnostics) {}

  void Layer(int layer, const Settled& settled) {
    const auto check = [&](const Record& record) {
      if (model_.layered && !record.ExistsAt(layer)) return;
      ForEachMandatory(record, layer, true, [&](const Field& field) {
        const auto chosen = settled.find(field.type.name);
        if (chosen == settled.end()) return TellNothing(record, field, layer);
        if (model_.layered && IsNeeded(record, field, layer)) Need(record, field, layer, settled);
      });
    };
    for (const Record& record : model_.constructors) check(record);
    for (const Record& record : model_.methods) check(record);
    seen_.clear();
  }

  std::set<std::string> needed() && { return std::move(needed_); }

 private:
  // The struct has no such member any more, or may hold what the layer lacks.
  bool IsNeeded(const Record& record, const Field& field, int layer) const {
    if (FitOf(field, record.Find(field.name)) == Fit::kNone) return true;
    const auto& constructors = model_.unions.at(field.type.name).constructors;
    return std::any_of(constructors.begin(), constructors.end(),
                       [&](const Record* one) { return !one->ExistsAt(layer); });
  }

  // What stands in is empty, so its own mandatory fields need a fallback in turn.
  void Need(const Record& record, const Field& field, int layer, const Settled& settled) {
    const std::string& type = field.type.name;
    if (!seen_.insert(type).second) return;
    needed_.insert(type);
    const Union& of = model_.unions.at(type);
    if (DeclaredAt(fallbacks_, type, of, layer) == nullptr && told_types_.insert(type).second) {
      TellUndeclared(record, field, layer, Candidates(of, layer, settled));
    }
    const Record& chosen = *settled.at(type);
    ForEachMandatory(chosen, layer, false,
                     [&](const Field& inner) { Need(chosen, inner, layer, settled); });
  }

  static std::string At(const Record& record, const Field& field, int layer) {
    return record.definition->name + "." + field.name + ": at layer " + std::to_string(layer) + " ";
  }

  void TellNothing(const Record& record, const Field& field, int layer) {
    if (!told_fields_.insert(&field).second) return;
    diagnostics_.Add(field.position, At(record, field, layer) + "nothing can stand for " +
                                         field.type.name + "; name a constructor in the fallbacks");
  }

  void TellUndeclared(const Record& record, const Field& field, int layer,
                      const std::vector<const Record*>& candidates) {
    std::string names;
    for (std::size_t i = 0; i < candidates.size() && i < kNamesMax; ++i) {
      names += (i == 0 ? "" : ", ") + candidates[i]->definition->name;
    }
    if (candidates.size() > kNamesMax) names += ", ..";
    const bool other = fallbacks_.types.contains(field.type.name);
    diagnostics_.Add(field.position,
                     At(record, field, layer) +
                         (other ? "none of the declared fallbacks exists for "
                                : "a value may be missing, and no fallback is declared for ") +
                         field.type.name + "; declare one in " + fallbacks_.file + ": " + names);
  }

  static constexpr std::size_t kNamesMax = 8;

  const FallbackTable& fallbacks_;
  const Model& model_;
  Diagnostics& diagnostics_;
  std::set<std::string> needed_;
  std::set<std::string> seen_;  // at this layer
  std::set<std::string> told_types_;
  std::set<const Field*> told_fields_;
};

void CheckNames(const FallbackTable& fallbacks, const Model& model, Diagnostics& diagnostics) {
  for (const auto& [type, row] : fallbacks.types) {
    const auto of = model.unions.find(type);
    std::set<std::string> names;
    if (of != model.unions.end()) {
      for (const Record* record : of->second.constructors) names.insert(record->definition->name);
    }
    for (const Cell& cell : row.constructors) {
      if (names.erase(cell.text) > 0) continue;
      diagnostics.Add(cell.position,
                      cell.text + " is not a constructor of " + type + ", or stands twice");
    }
  }
}

}  // namespace

std::set<std::string> ApplyFallbacks(const FallbackTable& fallbacks, Model& model,
                                     Diagnostics& diagnostics) {
  if (model.layered) CheckNames(fallbacks, model, diagnostics);
  Checker checker(fallbacks, model, diagnostics);
  for (int layer = model.layer_min; layer <= model.layer_max; ++layer) {
    const Settled settled = Chooser(fallbacks, model, layer).Run();
    Append(settled, layer, model);
    checker.Layer(layer, settled);
  }
  return std::move(checker).needed();
}

}  // namespace trunkline::tlc
