#pragma once
// Every combinator over the layers: which line holds in which run of layers. A combinator may go
// away and come back, and an id may return with it, so a definition has a list of runs, oldest
// first.
#include <istream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tl/compiler/history_table.h"
#include "tl/compiler/schema.h"

namespace trunkline::tlc {

struct Run {
  int first = 0;  // layers, both ends included
  int last = 0;
  Combinator combinator;
};

struct Definition {
  CombinatorKind kind = CombinatorKind::kConstructor;
  std::string name;
  std::string type;  // boxed type of a constructor
  std::vector<Run> runs;

  const Combinator& newest() const { return runs.back().combinator; }
};

struct History {
  int layer_min = 0;
  int layer_max = 0;
  // Layers nobody published. A run that ends in front of one is taken to hold in it.
  std::vector<int> layers_without_data;
  std::vector<Definition> definitions;  // sorted by kind, then name

  const Definition* Find(CombinatorKind kind, const std::string& name) const;
};

History ResolveHistory(const HistoryTable& table, Diagnostics& diagnostics);
History ReadHistory(std::istream& in, const std::string& file, Diagnostics& diagnostics);

// The layer whose lines hold in a layer without data: the one in front.
int PublishedLayer(const History& history, int layer);

// The definition's line at a published layer; nullptr where it does not exist.
const Combinator* LineAt(const Definition& definition, int published_layer);

// A schema of a single layer as a history of one run, order kept.
History HistoryOf(std::vector<Combinator> combinators);

// The order that Find needs.
void SortDefinitions(History& history);

// The newest layer's own file must say what the table says for that layer, no more and no less.
void CheckNewest(const History& history, const std::vector<Combinator>& newest,
                 Diagnostics& diagnostics);

}  // namespace trunkline::tlc
