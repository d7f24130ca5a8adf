#include <string_view>

#include "tl/compiler/emit.h"

namespace trunkline::tlc {
namespace {

constexpr std::size_t kRefsInARow = 24;

// One literal of all names: thousands of views would each be a constant of their own to compile.
void EmitNamePool(const std::string& names, std::ostream& out) {
  out << "// Longer than the standard asks compilers to take.\n"
         "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n"
         "constexpr char kNames[] =";
  for (std::size_t at = 0; at < names.size();) {
    const std::string_view name = names.c_str() + at;
    out << "\n    \"" << name << "\\0\"";
    at += name.size() + 1;
  }
  out << ";\n\n";
}

void EmitRefs(std::string_view name, const std::vector<std::uint16_t>& refs, std::ostream& out) {
  out << "constexpr std::uint16_t " << name << "[] = {";
  for (std::size_t i = 0; i < refs.size(); ++i) {
    out << (i % kRefsInARow == 0 ? "\n    " : " ") << refs[i] << ',';
  }
  out << "};\n\n";
}

void EmitFields(const std::vector<tl::SchemaField>& fields, std::ostream& out) {
  out << "constexpr auto Kind(int kind) {\n  return static_cast<::tl::FieldKind>(kind);\n}\n\n"
         "// name, type, kind, element, word, bit, secret\n"
         "constexpr ::tl::SchemaField kFields[] = {\n";
  for (const tl::SchemaField& field : fields) {
    out << "    {" << field.name << ", " << field.type << ", Kind(" << int(field.kind) << "), Kind("
        << int(field.element) << "), " << int(field.word) << ", " << int(field.bit) << ", "
        << int(field.secret) << "},\n";
  }
  out << "};\n\n";
}

void EmitLines(const std::vector<tl::SchemaLine>& lines, std::ostream& out) {
  out << "// id, name, first field, fields, result, first layer, last layer, method\n"
         "constexpr ::tl::SchemaLine kLines[] = {\n";
  for (const tl::SchemaLine& line : lines) {
    out << "    {0x" << HexId(line.id) << ", " << line.name << ", " << line.first_field << ", "
        << line.field_count << ", " << line.result << ", " << line.first_layer << ", "
        << line.last_layer << ", " << int(line.method) << "},\n";
  }
  out << "};\n\n";
}

}  // namespace

void EmitTablesHeader(const std::string& space, std::ostream& out) {
  EmitBanner(out, "the schema of tl::" + space);
  out << "#pragma once\n#include <cstdint>\n#include <string_view>\n\n"
         "#include \"tl/runtime/schema.h\"\n\nnamespace tl::"
      << space
      << " {\n\n// Every line of every layer.\nextern const ::tl::Schema kSchema;\n\n"
         "std::string_view NameOf(std::uint32_t id);\nbool IsMethod(std::uint32_t id);\n\n"
         "}  // namespace tl::"
      << space << "\n";
}

void EmitTables(const std::string& space, const Tables& tables, std::ostream& out) {
  EmitBanner(out, "the schema of tl::" + space);
  out << "#include \"tl/" << space << "_schema.h\"\n\nnamespace tl::" << space
      << " {\nnamespace {\n\n";
  EmitNamePool(tables.names, out);
  EmitFields(tables.fields, out);
  EmitRefs("kFieldRefs", tables.field_refs, out);
  EmitLines(tables.lines, out);
  EmitRefs("kByName", tables.by_name, out);
  out << "}  // namespace\n\n"
         "constinit const ::tl::Schema kSchema = {kNames, kLines, kFields, kFieldRefs, kByName, "
      << tables.layer_max
      << ", nullptr};\n\n"
         "std::string_view NameOf(std::uint32_t id) {\n"
         "  const ::tl::SchemaLine* const line = kSchema.Find(id);\n"
         "  return line == nullptr ? std::string_view() : kSchema.NameOf(*line);\n}\n\n"
         "bool IsMethod(std::uint32_t id) {\n"
         "  const ::tl::SchemaLine* const line = kSchema.Find(id);\n"
         "  return line != nullptr && line->method;\n}\n\n}  // namespace tl::"
      << space << "\n";
}

}  // namespace trunkline::tlc
