// Schemas as texts: those of the project, small ones made row by row, and the words of their
// faults.
#pragma once
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/paths.h"
#include "tl/compiler/emit.h"
#include "tl/compiler/generate.h"
#include "tl/compiler/schema.h"

namespace trunkline::tlc {

inline std::string SchemaDir() {
  return std::string(TRUNKLINE_SOURCE_DIR) + "/tl/schema/";
}

inline std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_TRUE(in) << path;
  return text.str();
}

inline std::string Printed(const Diagnostics& diagnostics) {
  std::ostringstream out;
  diagnostics.Print(out);
  return out.str();
}

// Everything tlc says about a schema of one layer.
inline std::string Faults(const std::string& schema) {
  Diagnostics diagnostics;
  const std::vector<Output> outputs = GenerateSingle("mt", schema, "s.tl", diagnostics);
  EXPECT_EQ(outputs.empty(), !diagnostics.empty());
  return Printed(diagnostics);
}

inline std::string LayeredFaults(const LayeredSource& source) {
  Diagnostics diagnostics;
  const std::vector<Output> outputs = GenerateLayered("api", source, 1, diagnostics);
  EXPECT_EQ(outputs.empty(), !diagnostics.empty());
  return Printed(diagnostics);
}

// The id of a line as the history has it.
inline std::string IdOf(const std::string& name, const std::string& fields,
                        const std::string& result) {
  CombinatorExpression line;
  line.name = name;
  line.arguments_text = fields;
  line.result_text = result;
  return HexId(LineCrc(line));
}

// `name#id fields = result;` with the id that the line must have.
inline std::string Line(const std::string& name, const std::string& fields,
                        const std::string& result) {
  return name + "#" + IdOf(name, fields, result) + " " + fields + (fields.empty() ? "= " : " = ") +
         result + ";\n";
}

inline std::string Row(const std::string& name, const std::string& fields,
                       const std::string& result, int first, int last,
                       const std::string& kind = "constructor", const std::string& gap = "-") {
  return kind + "\t" + name + "\t" + IdOf(name, fields, result) + "\t" + std::to_string(first) +
         "\t" + std::to_string(last) + "\t" + gap + "\t" + fields + "\t" + result + "\n";
}

}  // namespace trunkline::tlc
