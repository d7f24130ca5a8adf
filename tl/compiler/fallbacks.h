#pragma once
// What is written where a layer can't express a value and the field is mandatory: declared by type
// in fallbacks.tsv, so that it is a decision and not an accident.
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tl/compiler/diagnostics.h"
#include "tl/compiler/model.h"
#include "tl/compiler/tsv.h"

namespace trunkline::tlc {

// The first of them that a layer has stands in there.
struct Fallback {
  Position position;
  std::vector<Cell> constructors;
};

struct FallbackTable {
  std::string file;
  std::map<std::string, Fallback> types;
};

// type, constructor, and others behind it for layers that lack the ones in front.
FallbackTable ReadFallbackTable(std::string_view text, const std::string& file,
                                Diagnostics& diagnostics);

// Fills Union::neutrals, and gives the types that some layer really needs a fallback for: a
// mandatory field has the type, and the type has a constructor that this layer lacks. For all other
// types a rule chooses, since only a value left empty by mistake can bring them up. Faults: a
// needed fallback that isn't declared, one that does not exist or doesn't end, and a mandatory
// field whose type has no constructor at a layer where the field is written.
std::set<std::string> ApplyFallbacks(const FallbackTable& fallbacks, Model& model,
                                     Diagnostics& diagnostics);

}  // namespace trunkline::tlc
