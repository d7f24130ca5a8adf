#include "tl/compiler/add_layer.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <sstream>

#include "tl/compiler/fallbacks.h"
#include "tl/compiler/layers.h"
#include "tl/compiler/parser.h"
#include "tl/compiler/profile.h"

namespace trunkline::tlc {
namespace {

constexpr std::string_view kLayerMark = "// LAYER ";
constexpr int kSkippedMax = 50;

std::string Layer(int number) {
  return "layer " + std::to_string(number);
}

// The number in `// LAYER N`, the first line.
std::optional<int> MarkedLayer(std::string_view text) {
  if (!text.starts_with(kLayerMark)) return std::nullopt;
  const char* const begin = text.data() + kLayerMark.size();
  int layer = 0;
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), layer, 10);
  const bool line_ends = end == text.data() + text.size() || *end == '\n' || *end == '\r';
  return error == std::errc() && line_ends ? std::optional(layer) : std::nullopt;
}

std::optional<int> LayerOf(const NewLayer& added, Diagnostics& diagnostics) {
  const std::optional<int> marked = MarkedLayer(added.text);
  const std::optional<int> layer = added.layer ? added.layer : marked;
  const Position position{added.file, 1, 1};
  if (!layer) {
    diagnostics.Add(position, "which layer is it? The first line isn't // LAYER N; say --layer N");
  } else if (marked && *marked != *layer) {
    diagnostics.Add(position, "the text is " + Layer(*marked) + ", not " + Layer(*layer));
  } else if (*layer < 1 || *layer > kLayerMax) {
    diagnostics.Add(position, "a layer from 1 to " + std::to_string(kLayerMax) + " is expected");
  } else {
    return layer;
  }
  return std::nullopt;
}

// Whether the layer can follow the newest one.
bool CanFollow(int layer, int newest, const std::string& file, Diagnostics& diagnostics) {
  const Position position{file, 1, 1};
  if (layer <= newest) {
    diagnostics.Add(position, Layer(layer) + " isn't newer than " + Layer(newest) + ", the newest" +
                                  (layer == newest ? ", and its text is another one" : ""));
  } else if (layer - newest - 1 > kSkippedMax) {
    diagnostics.Add(position, Layer(layer) + " skips " + std::to_string(layer - newest - 1) +
                                  " layers; " + std::to_string(kSkippedMax) + " are the most");
  }
  return diagnostics.empty();
}

// What a combinator can't do even in a new layer: take the id of another, or change its type.
void CheckAgainstRows(const std::vector<Combinator>& combinators, const HistoryTable& table,
                      Diagnostics& diagnostics) {
  std::map<std::uint32_t, const HistoryRow*> owners;
  std::map<std::string, const HistoryRow*> constructors;
  for (const HistoryRow& row : table.rows) {
    owners[row.expression.id.value_or(0)] = &row;
    if (row.expression.kind == CombinatorKind::kConstructor) {
      constructors[row.expression.name] = &row;
    }
  }
  const auto told = [](const HistoryRow& row) {
    return row.expression.name + " of " + Layer(row.first);
  };
  for (const Combinator& combinator : combinators) {
    const auto owner = owners.find(combinator.id);
    if (owner != owners.end() && owner->second->expression.name != combinator.name) {
      diagnostics.Add(combinator.position,
                      combinator.name + ": its id belongs to " + told(*owner->second));
    }
    const auto known = constructors.find(combinator.name);
    if (combinator.kind != CombinatorKind::kConstructor || combinator.built_in ||
        known == constructors.end()) {
      continue;
    }
    const std::string& type = known->second->expression.result.name;
    if (type == combinator.result_name) continue;
    diagnostics.Add(
        combinator.position,
        combinator.name + ": a constructor can't change its type, " + type + " until now");
  }
}

bool SameText(const CombinatorExpression& a, const CombinatorExpression& b) {
  return a.id == b.id && a.arguments_text == b.arguments_text && a.result_text == b.result_text;
}

void AddGap(int layer, HistoryRow& row) {
  const std::string text = std::to_string(layer);
  row.gap = row.gap == "-" ? text : row.gap + "," + text;
}

// Runs that go on are made longer, others end, and new ones begin. A line that goes on is told
// from now on where the new text has it.
HistoryTable WithLayer(HistoryTable table, std::vector<CombinatorExpression> expressions,
                       int layer) {
  const int newest = table.layer_max;
  std::map<NameOrder, CombinatorExpression> lines;
  for (CombinatorExpression& expression : expressions) {
    if (!expression.id) expression.id = LineCrc(expression);
    const NameOrder name = OrderOf(expression.kind, expression.name);
    lines.emplace(name, std::move(expression));
  }
  const bool skips = layer > newest + 1;
  for (HistoryRow& row : table.rows) {
    if (row.last != newest) continue;
    const auto line = lines.find(OrderOf(row.expression.kind, row.expression.name));
    if (line != lines.end() && SameText(line->second, row.expression)) {
      row.expression = std::move(line->second);
      row.last = layer;
      lines.erase(line);
    } else if (skips) {
      AddGap(newest + 1, row);
    }
  }
  for (auto& [name, expression] : lines) {
    table.rows.push_back({std::move(expression), layer, layer, "-"});
    if (skips) AddGap(layer - 1, table.rows.back());
  }
  std::stable_sort(table.rows.begin(), table.rows.end(),
                   [](const HistoryRow& a, const HistoryRow& b) {
                     return std::pair(OrderOf(a.expression.kind, a.expression.name), a.first) <
                            std::pair(OrderOf(b.expression.kind, b.expression.name), b.first);
                   });
  for (int missing = newest + 1; missing < layer; ++missing) {
    table.layers_without_data.push_back(missing);
  }
  table.layer_max = layer;
  return table;
}

std::set<std::string> NeededFallbacks(const SchemaTexts& texts, const History& history,
                                      const FallbackTable& fallbacks, Diagnostics& diagnostics) {
  std::istringstream surface(texts.surface);
  const auto definitions =
      Closure(history, ReadSurface(surface, texts.folder + "/surface.txt"), diagnostics);
  Model model = BuildModel("api", history, definitions);
  return ApplyFallbacks(fallbacks, model, diagnostics);
}

void ReportNewMethods(const std::vector<Change>& changes, const std::string& surface_text,
                      std::ostream& out) {
  std::istringstream in(surface_text);
  std::set<std::string> answered;
  for (const SurfaceName& name : ReadSurface(in, "")) answered.insert(name.name);
  std::vector<std::string> names;
  for (const Change& change : changes) {
    const bool fresh = change.kind == CombinatorKind::kMethod && change.before.empty();
    if (fresh && !answered.contains(change.name)) names.push_back(change.name);
  }
  out << "\nnew methods that the server doesn't answer: " << names.size() << '\n';
  for (const std::string& name : names) out << "    " << name << '\n';
}

class Planner {
 public:
  Planner(const SchemaTexts& texts, const NewLayer& added, Diagnostics& diagnostics)
      : texts_(texts), added_(added), diagnostics_(diagnostics) {}

  LayerPlan Run() {
    LayerPlan plan;
    const std::optional<int> layer = LayerOf(added_, diagnostics_);
    table_ = ReadHistoryTable(texts_.history, texts_.folder + "/history.tsv", diagnostics_);
    if (!diagnostics_.empty()) return plan;
    plan.layer = *layer;
    plan.api = MarkedLayer(added_.text)
                   ? added_.text
                   : std::string(kLayerMark) + std::to_string(*layer) + "\n" + added_.text;
    plan.known_already = *layer == table_.layer_max && plan.api == texts_.api;
    if (plan.known_already) return plan;
    if (CanFollow(*layer, table_.layer_max, added_.file, diagnostics_)) Add(plan);
    return plan;
  }

 private:
  void Add(LayerPlan& plan) {
    const History before = ResolveHistory(table_, diagnostics_);
    // An addition that was cut off in the middle has replaced api.tl already; it may be repeated.
    if (plan.api != texts_.api) CheckApi(before);
    std::vector<CombinatorExpression> expressions =
        ParseSchema(added_.text, added_.file, diagnostics_);
    const std::vector<Combinator> combinators = ResolveSchema(expressions, diagnostics_);
    if (expressions.empty()) diagnostics_.Add({added_.file, 1, 1}, "the schema is empty");
    CheckAgainstRows(combinators, table_, diagnostics_);
    if (!diagnostics_.empty()) return;
    const HistoryTable table = WithLayer(table_, std::move(expressions), plan.layer);
    const History after = ResolveHistory(table, diagnostics_);
    if (!diagnostics_.empty()) return;
    plan.history = WriteHistoryTable(table);
    plan.report = Report(before, after);
  }

  void CheckApi(const History& history) {
    const std::string file = texts_.folder + "/api.tl";
    CheckNewest(history, ResolveSchema(ParseSchema(texts_.api, file, diagnostics_), diagnostics_),
                diagnostics_);
  }

  std::string Report(const History& before, const History& after) {
    const std::string file = texts_.folder + "/fallbacks.tsv";
    const FallbackTable fallbacks = ReadFallbackTable(texts_.fallbacks, file, diagnostics_);
    Names surface = SurfaceNames(after, texts_.surface);
    const std::vector<Change> all =
        Compare(LinesAt(before, before.layer_max), LinesAt(after, after.layer_max), surface);
    std::vector<Change> ours = all;
    std::erase_if(ours, [](const Change& change) { return !change.surface; });
    std::ostringstream out;
    out << Layer(before.layer_max) << " -> " << Layer(after.layer_max) << ": " << CountsOf(all)
        << "; on the server's surface: " << CountsOf(ours) << '\n';
    PrintChanges(ours, out);
    ReportNewMethods(all, texts_.surface, out);
    ReportFallbacks(before, after, fallbacks, out);
    return out.str();
  }

  void ReportFallbacks(const History& before, const History& after, const FallbackTable& fallbacks,
                       std::ostream& out) {
    Diagnostics told_of_the_new_layer;
    const std::set<std::string> known =
        NeededFallbacks(texts_, before, fallbacks, told_of_the_new_layer);
    std::vector<std::string> types;
    for (const std::string& type : NeededFallbacks(texts_, after, fallbacks, diagnostics_)) {
      if (!known.contains(type)) types.push_back(type);
    }
    out << "\ntypes that need a fallback from now on: " << types.size() << '\n';
    for (const std::string& type : types) {
      out << "    " << type << (fallbacks.types.contains(type) ? "\n" : ", not declared yet\n");
    }
  }

  const SchemaTexts& texts_;
  const NewLayer& added_;
  Diagnostics& diagnostics_;
  HistoryTable table_;
};

}  // namespace

LayerPlan PlanLayer(const SchemaTexts& texts, const NewLayer& added, Diagnostics& diagnostics) {
  return Planner(texts, added, diagnostics).Run();
}

}  // namespace trunkline::tlc
