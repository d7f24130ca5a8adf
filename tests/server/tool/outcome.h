// What a run of the operator's tool left.
#pragma once

#include <string>

namespace trunkline::tool {

struct Outcome {
  int code = -1;
  std::string out, err;
};

}  // namespace trunkline::tool
