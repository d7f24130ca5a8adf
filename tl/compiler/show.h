#pragma once
// The TL lines of a type, constructor or method as they are at a layer.
#include <optional>
#include <ostream>
#include <string>

namespace trunkline::tlc {

struct ShowRequest {
  std::string name;
  std::optional<int> layer;  // none: the newest
  std::string folder;        // of schema files
};

// Gives the exit code of the program.
int Show(const ShowRequest& request, std::ostream& out, std::ostream& err);

}  // namespace trunkline::tlc
