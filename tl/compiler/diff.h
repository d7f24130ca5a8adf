#pragma once
// What changed between two layers or schema files.
#include <ostream>
#include <string>

namespace trunkline::tlc {

struct DiffRequest {
  std::string before;  // a layer's number or a schema file
  std::string after;
  std::string folder;  // of schema files: the history, the surface
  bool surface_only = false;
};

// Gives the exit code of the program.
int Diff(const DiffRequest& request, std::ostream& out, std::ostream& err);

}  // namespace trunkline::tlc
