#pragma once
// tlc's commands, one file each. A command adds itself and its options to the program; parsing the
// command line runs the one that was given, which leaves its exit code.
#include <CLI/CLI.hpp>

namespace trunkline::tlc {

void AddAddLayer(CLI::App& app, int& exit_code);
void AddCrc(CLI::App& app, int& exit_code);
void AddDiff(CLI::App& app, int& exit_code);
void AddGenerate(CLI::App& app, int& exit_code);
void AddShow(CLI::App& app, int& exit_code);

}  // namespace trunkline::tlc
