// Makes <space>_rewrite.h and .cc: every type and method behind one function that goes by name, so
// that tests reach all of them without naming any.
#include <map>

#include "tl/compiler/emit.h"

namespace trunkline::tlc {
namespace {

constexpr const char* kRewriters = R"(using Bytes = std::vector<std::uint8_t>;

template <class Any>
bool Value(Reader& r, int layer, Bytes& out) {
  const Any value = Read<Any>(r);
  if (!r.ExpectEnd()) return false;
  AppendTo(out, value, layer);
  return true;
}

template <class Method>
bool Call(Reader& r, int layer, Bytes& out) {
  AnyMethod any;
  if (!ReadMethod(r, any) || !r.ExpectEnd()) return false;
  const Method* const call = any.template As<Method>();
  if (call == nullptr) return false;
  AppendTo(out, *call, layer);
  return true;
}

template <class T>
bool List(Reader& r, int layer, Bytes& out) {
  const std::span<const T> values = ReadVector<T>(r);
  if (!r.ExpectEnd()) return false;
  AppendVector(out, values, layer);
  return true;
}

)";

std::string TlName(const WireType& type) {
  switch (type.kind) {
    case WireKind::kInt:
      return "int";
    case WireKind::kLong:
      return "long";
    case WireKind::kDouble:
      return "double";
    case WireKind::kString:
      return "string";
    case WireKind::kBool:
      return "Bool";
    default:
      return type.name;
  }
}

// As a vector's elements: a Bool is a number in fields alone.
std::string ElementType(const WireType& type, const Model& model) {
  const auto boxed = model.unions.find(TlName(type));
  return boxed == model.unions.end() ? CppType(type, model) : boxed->second.full;
}

// Name, and the function that rewrites it.
std::map<std::string, std::string> Entries(const Model& model) {
  std::map<std::string, std::string> entries;
  for (const auto& [type, of] : model.unions) entries[type] = "Value<" + of.full + ">";
  for (const Record& method : model.methods) {
    entries[method.definition->name] = "Call<" + method.full + ">";
    for (const Run& run : method.definition->runs) {
      const WireType& result = run.combinator.result;
      if (result.kind != WireKind::kVector) continue;
      entries["Vector<" + TlName(*result.element) + ">"] =
          "List<" + ElementType(*result.element, model) + ">";
    }
  }
  return entries;
}

}  // namespace

void EmitRewriteHeader(const Model& model, std::ostream& out) {
  EmitBanner(out, "the schema of tl::" + model.space);
  out << "#pragma once\n#include <cstdint>\n#include <span>\n#include <string_view>\n"
         "#include <vector>\n\n#include \"tl/"
      << model.space << "_types.h\"\n\nnamespace tl::" << model.space
      << " {\n// Reads the whole of `reader` as what `name` says and appends it as the layer has "
         "it. A name is\n// a boxed type's, a method's (its call), or `Vector<T>` for the result "
         "of a method. False when\n// the bytes are refused, and for a name that is not there.\n"
         "bool Rewrite(std::string_view name, Reader& reader, int layer, "
         "std::vector<std::uint8_t>& out);\n"
         "// All names, sorted.\nstd::span<const std::string_view> RewriteNames();\n"
         "}  // namespace tl::"
      << model.space << "\n";
}

void EmitRewrite(const Model& model, std::ostream& out) {
  const std::map<std::string, std::string> entries = Entries(model);
  EmitBanner(out, "the schema of tl::" + model.space);
  out << "#include \"tl/" << model.space
      << "_rewrite.h\"\n\n#include <algorithm>\n\nnamespace tl::" << model.space
      << " {\nnamespace {\n\n"
      << kRewriters << "constexpr std::string_view kNames[] = {\n";
  for (const auto& [name, rewriter] : entries) out << "    \"" << name << "\",\n";
  out << "};\n\nconstexpr bool (*kRewriters[])(Reader&, int, Bytes&) = {\n";
  for (const auto& [name, rewriter] : entries) out << "    " << rewriter << ",\n";
  out << "};\n\n}  // namespace\n\n"
         "bool Rewrite(std::string_view name, Reader& reader, int layer, Bytes& out) {\n"
         "  const auto* const at = std::lower_bound(std::begin(kNames), std::end(kNames), name);\n"
         "  if (at == std::end(kNames) || *at != name) return false;\n"
         "  return kRewriters[at - std::begin(kNames)](reader, layer, out);\n}\n\n"
         "std::span<const std::string_view> RewriteNames() { return kNames; }\n\n"
         "}  // namespace tl::"
      << model.space << "\n";
}

}  // namespace trunkline::tlc
