// trunkline: asks a running trunkline-server. Exit codes: 0 done, 1 refused or no server, 2 usage.
#include <unistd.h>

#include <iostream>

#include "server/tool/progress.h"
#include "server/tool/tool.h"

int main(int argc, char** argv) {
  using namespace trunkline::tool;
  const Surroundings around{TerminalColumns(STDERR_FILENO), &std::cin, STDIN_FILENO};
  return Run(argc, argv, std::cout, std::cerr, around);
}
