#pragma once
// The lines of a layer or of a schema file side by side with those of another, for people.
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "tl/compiler/files.h"
#include "tl/compiler/history.h"

namespace trunkline::tlc {

using Names = std::set<NameOrder>;

// The history of a schema folder and the combinators of the server's surface, at any layer.
struct LayeredSchema {
  History history;
  std::string surface_text;
  Names surface;
};
LayeredSchema ReadLayeredSchema(const Folder& folder, Diagnostics& diagnostics);

// What the names of surface.txt lead to; names that the history doesn't have are left out.
Names SurfaceNames(const History& history, const std::string& surface_text);

struct Lines {
  std::string title;
  std::map<NameOrder, std::string> texts;
};
Lines LinesAt(const History& history, int layer);
Lines LinesOf(const std::vector<Combinator>& combinators, const std::string& title);

// A line is empty on the side where the combinator does not exist.
struct Change {
  CombinatorKind kind = CombinatorKind::kConstructor;
  std::string name;
  std::string before;
  std::string after;
  bool surface = false;
};
std::vector<Change> Compare(const Lines& before, const Lines& after, const Names& surface);

// `15 added, 0 removed, 4 changed`
std::string CountsOf(const std::vector<Change>& changes);

// `+ * line`, `- * line`, or `~ * name` with both lines below; `*` marks the surface.
void PrintChanges(const std::vector<Change>& changes, std::ostream& out);

// `133-195, 202-229`: the layers an id of the definition holds.
std::string LayersOfId(const Definition& definition, std::uint32_t id, const History& history);

}  // namespace trunkline::tlc
