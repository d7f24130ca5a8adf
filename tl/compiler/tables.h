#pragma once
// A history as the flat tables of tl/runtime/schema.h. A run that ends in front of layers without
// data holds in them too, as everywhere.
#include <cstdint>
#include <string>
#include <vector>

#include "tl/compiler/history.h"
#include "tl/compiler/secrets.h"
#include "tl/runtime/schema.h"

namespace trunkline::tlc {

struct Tables {
  std::string names;  // each with its zero
  std::vector<tl::SchemaLine> lines;
  std::vector<tl::SchemaField> fields;
  std::vector<std::uint16_t> field_refs;
  std::vector<std::uint16_t> by_name;
  int layer_max = 0;

  // Points into this.
  tl::Schema View() const;
};

// Faults: a field that the tables can't say (a vector of vectors, a fifth flags word).
Tables BuildTables(const History& history, Secrets& secrets, Diagnostics& diagnostics);

}  // namespace trunkline::tlc
