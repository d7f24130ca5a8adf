#pragma once
// tlc dump: bytes to text. tlc parse: text to bytes.
#include <CLI/CLI.hpp>

namespace trunkline::tlc {

// A command that runs sets `exit_code`: 0, 1 for input that is wrong, 2 for wrong usage.
void AddTextCommands(CLI::App& app, int& exit_code);

}  // namespace trunkline::tlc
