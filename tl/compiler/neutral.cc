// Chooses, for every boxed type and layer, the constructor that is written where a mandatory field
// has no value that the layer knows. Its own mandatory fields are neutral in turn, so the choice
// goes in rounds: a constructor can be chosen once all types it needs are settled, which is also
// why writing it ends.
#include <algorithm>
#include <set>
#include <tuple>

#include "tl/compiler/model.h"

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

bool SharesBit(const Layout& layout, const Field& field) {
  return std::count_if(layout.fields.begin(), layout.fields.end(), [&](const Field& other) {
           return other.condition && other.condition->word == field.condition->word &&
                  other.condition->bit == field.condition->bit;
         }) > 1;
}

template <class Visit>
void ForEachMandatory(const Record& record, int layer, bool with_shared, Visit visit) {
  const LayoutRun* const run = RunAt(record, layer);
  if (run == nullptr) return;
  const Layout& layout = record.layouts[run->layout];
  for (const Field& field : layout.fields) {
    if (field.type.kind != WireKind::kBoxed) continue;
    if (!field.condition || (with_shared && SharesBit(layout, field))) visit(field);
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

class Chooser {
 public:
  Chooser(const Fallbacks& fallbacks, const Model& model, int layer)
      : fallbacks_(fallbacks), model_(model), layer_(layer) {}

  Settled Run() {
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
    const auto decreed = fallbacks_.find(type);
    const Record* best = nullptr;
    for (const Record* record : of.constructors) {
      if (!record->ExistsAt(layer_)) continue;
      if (decreed != fallbacks_.end() && record->definition->name == decreed->second) {
        return Ready(*record, layer_, settled) ? record : nullptr;
      }
      if (!Ready(*record, layer_, settled)) continue;
      if (best == nullptr || Rank(*record) < Rank(*best)) best = record;
    }
    return best;
  }

  const Fallbacks& fallbacks_;
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

void CheckPositions(const Settled& settled, int layer, const Model& model,
                    std::set<const void*>& told, Diagnostics& diagnostics) {
  const auto check = [&](const Record& record) {
    if (model.layered && !record.ExistsAt(layer)) return;
    ForEachMandatory(record, layer, true, [&](const Field& field) {
      if (settled.contains(field.type.name) || !told.insert(&field).second) return;
      diagnostics.Add(field.position, record.definition->name + "." + field.name + ": at layer " +
                                          std::to_string(layer) + " nothing can stand for " +
                                          field.type.name +
                                          "; name a constructor in the fallbacks");
    });
  };
  for (const Record& record : model.constructors) check(record);
  for (const Record& record : model.methods) check(record);
}

void CheckFallbacks(const Fallbacks& fallbacks, const std::string& file, const Model& model,
                    Diagnostics& diagnostics) {
  for (const auto& [type, name] : fallbacks) {
    const auto of = model.unions.find(type);
    const bool known = of != model.unions.end() &&
                       std::any_of(of->second.constructors.begin(), of->second.constructors.end(),
                                   [&, wanted = name](const Record* record) {
                                     return record->definition->name == wanted;
                                   });
    if (!known) diagnostics.Add({file, 1, 1}, name + " is not a constructor of " + type);
  }
}

}  // namespace

void ChooseNeutrals(const Fallbacks& fallbacks, const std::string& file, Model& model,
                    Diagnostics& diagnostics) {
  if (model.layered) CheckFallbacks(fallbacks, file, model, diagnostics);
  std::set<const void*> told;
  for (int layer = model.layer_min; layer <= model.layer_max; ++layer) {
    const Settled settled = Chooser(fallbacks, model, layer).Run();
    Append(settled, layer, model);
    CheckPositions(settled, layer, model, told, diagnostics);
  }
}

}  // namespace trunkline::tlc
