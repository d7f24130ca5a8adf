#pragma once
// Writes C++ for a model. Each function makes one kind of file, to any stream, so that a test can
// look at the code of a three-line schema. The code depends on tl/runtime only.
#include <istream>
#include <ostream>
#include <string>
#include <vector>

#include "tl/compiler/model.h"
#include "tl/compiler/tables.h"

namespace trunkline::tlc {

// First line of every file, and where it came from.
void EmitBanner(std::ostream& out, const std::string& source);

// mt_types.h, api_types.h: all structs, the Any classes, and the declarations of the codec.
void EmitTypes(const Model& model, const std::string& source, std::ostream& out);

// Part `part` of `parts` of the readers; part 0 has the one for methods (or for any object) too.
void EmitReaders(const Model& model, std::size_t part, std::size_t parts, std::ostream& out);

// Part `part` of `parts` of the writers.
void EmitWriters(const Model& model, std::size_t part, std::size_t parts, std::ostream& out);

// api_schema.h and api_schema.cc: the whole history as tables, NameOf and IsMethod over them.
void EmitTablesHeader(const std::string& space, std::ostream& out);
void EmitTables(const std::string& space, const Tables& tables, std::ostream& out);

// <space>_rewrite.h and .cc: read and write again by name, for tests.
void EmitRewriteHeader(const Model& model, std::ostream& out);
void EmitRewrite(const Model& model, std::ostream& out);

// rpc_errors.h from the table code, TYPE, when.
void EmitErrors(std::istream& table, const std::string& file, std::ostream& out,
                Diagnostics& diagnostics);

// Parts of the above.
std::string HexId(std::uint32_t id);
std::string CppType(const WireType& type, const Model& model);
// `, int layer` and `, layer` for schemas that have layers, nothing for others.
std::string LayerParameter(const Model& model);
std::string LayerArgument(const Model& model);
const Record* FindConstructor(const Model& model, const std::string& name);
// Wire bytes that a value takes at least.
std::size_t BytesMin(const WireType& type, const Model& model);

// What readers and writers of a layout share.

// Conditional fields that one test of their bits can jump over together.
inline constexpr std::size_t kGroupMin = 3;
inline constexpr std::size_t kGroupMax = 8;

// `(word & 0x00000004u) != 0`.
std::string Bits(const std::string& word, std::uint32_t bits);
// The bit that a conditional field hangs on.
std::uint32_t BitOf(const Field& field);
// The member that holds a field; nullptr when it is dropped.
const Member* KeptBy(const Record& record, const Field& field);
// Whether the field's bit on the wire is the member's bit in the struct.
bool Direct(const Field& field, const Member& member);

// Unions and methods dealt out over files so that all compile about equally long.
struct Share {
  std::vector<const Union*> unions;
  std::vector<const Record*> methods;
};
Share ShareOf(const Model& model, std::size_t part, std::size_t parts, bool methods_in_first);

}  // namespace trunkline::tlc
