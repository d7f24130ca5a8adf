#pragma once
// The next layer of the schema: what history.tsv and api.tl become when it is added.
#include <optional>
#include <string>

#include "tl/compiler/diagnostics.h"

namespace trunkline::tlc {

// The texts of a schema folder.
struct SchemaTexts {
  std::string folder;
  std::string history;
  std::string api;
  std::string surface;
  std::string fallbacks;
};

// The next layer's whole schema.
struct NewLayer {
  std::string file;
  std::string text;
  std::optional<int> layer;  // when the first line isn't `// LAYER N`
};

struct LayerPlan {
  int layer = 0;
  bool known_already = false;  // the newest layer once more, with the same text
  std::string history;
  std::string api;
  std::string report;  // what changed on the server's surface
};

// With faults the plan must not be carried out; its report holds all the same, as far as it goes.
LayerPlan PlanLayer(const SchemaTexts& texts, const NewLayer& added, Diagnostics& diagnostics);

}  // namespace trunkline::tlc
