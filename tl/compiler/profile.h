#pragma once
// Which part of the schema code is made for: the methods and root types of surface.txt, and every
// type that their fields and answers lead to, at any layer.
#include <istream>
#include <string>
#include <vector>

#include "tl/compiler/diagnostics.h"
#include "tl/compiler/history.h"

namespace trunkline::tlc {

struct SurfaceName {
  Position position;
  std::string name;
};

// One method or root type a line; `#` begins a comment.
std::vector<SurfaceName> ReadSurface(std::istream& in, const std::string& file);

std::vector<const Definition*> Closure(const History& history,
                                       const std::vector<SurfaceName>& surface,
                                       Diagnostics& diagnostics);

// Everything, as for MTProto's own schema.
std::vector<const Definition*> WholeSchema(const History& history);

}  // namespace trunkline::tlc
