// trunkline: asks a running trunkline-server. Exit codes: 0 done, 1 refused or no server, 2 usage.
#include <iostream>

#include "server/tool/tool.h"

int main(int argc, char** argv) {
  return trunkline::tool::Run(argc, argv, std::cout, std::cerr);
}
