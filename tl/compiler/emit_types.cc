#include <map>

#include "tl/compiler/emit.h"

namespace trunkline::tlc {
namespace {

// mtproto.tl calls the type of anything `Object`; gzip_packed is its only constructor.
constexpr const char* kObjectType = "Object";

void EmitIncludes(std::ostream& out) {
  out << "#pragma once\n"
         "#include <cstdint>\n#include <span>\n#include <string_view>\n\n"
         "#include \"tl/runtime/codec.h\"\n\n";
}

std::string Nested(const std::string& space, const std::string& name_space) {
  return "tl::" + space + (name_space.empty() ? "" : "::" + name_space);
}

void DeclareWrite(const char* name, const Model& model, std::ostream& out) {
  for (const char* const sink : {"SizeCounter", "Writer"}) {
    out << "  ::tl::" << sink << ' ' << name << "(::tl::" << sink << " s" << LayerParameter(model)
        << ") const;\n";
  }
}

void EmitAny(const Union& of, const Model& model, std::ostream& out) {
  const std::string parameter = LayerParameter(model);
  const std::string argument = LayerArgument(model);
  out << "class " << of.name << " : public ::tl::Boxed {\n public:\n  constexpr " << of.name
      << "() = default;\n  template <::tl::ConstructorOf<" << of.name << "> C>\n  constexpr "
      << of.name
      << "(const C* value) : Boxed(&C::kConstructor, value) {}\n"
         "  ::tl::Cursor ReadFrom(::tl::Cursor c, ::tl::Reader& r);\n";
  const std::string good = of.partial ? "Expressible(layer)" : "value() != nullptr";
  for (const std::string sink : {"::tl::SizeCounter", "::tl::Writer"}) {
    out << "  " << sink << " Write(" << sink << " s";
    if (of.bytes != 0 && sink == "::tl::SizeCounter") {
      out << (model.layered ? ", int" : "") << ") const { return s.Skip(" << of.bytes << "); }\n";
    } else {
      out << parameter << ") const { return " << good << " ? Put(s" << argument << ") : Neutral(s"
          << argument << "); }\n";
    }
  }
  out << "\n private:\n";
  for (const char* const sink : {"::tl::SizeCounter", "::tl::Writer"}) {
    out << "  static " << sink << " Neutral(" << sink << " s" << parameter << ");\n";
  }
  out << "};\n";
}

// A Boxed over several types, which remembers the id that was received.
void EmitAnyOf(const std::string& name, const std::string& comment, const std::string& condition,
               std::ostream& out) {
  out << comment << "class " << name << " : public ::tl::Boxed {\n public:\n  constexpr " << name
      << "() = default;\n  template <::tl::OfSchema<Schema> C>\n"
      << condition << "  constexpr " << name
      << "(const C* value, std::uint32_t wire_id = C::kId)\n"
         "      : Boxed(&C::kConstructor, value), wire_id_(wire_id) {}\n"
         "  constexpr std::uint32_t wire_id() const { return wire_id_; }\n\n"
         " private:\n  std::uint32_t wire_id_ = 0;\n};\n";
}

void EmitAnys(const Model& model, std::ostream& out) {
  std::map<std::string, std::vector<const Union*>> by_space;
  for (const auto& [type, of] : model.unions) {
    if (type != kObjectType) by_space[of.name_space].push_back(&of);
  }
  for (const auto& [name_space, unions] : by_space) {
    out << "namespace " << Nested(model.space, name_space) << " {\n";
    for (const Union* of : unions) EmitAny(*of, model, out);
    out << "}  // namespace " << Nested(model.space, name_space) << "\n\n";
  }
}

std::string Initial(const WireType& type) {
  switch (type.kind) {
    case WireKind::kTrue:
    case WireKind::kBool:
      return " = false";
    case WireKind::kInt:
    case WireKind::kLong:
    case WireKind::kDouble:
    case WireKind::kFlags:
      return " = 0";
    default:
      return "{}";
  }
}

// What hangs on a bit is reached by functions, so that value and bit can't part.
void EmitConditional(const Record& record, const Member& member, const Model& model,
                     std::ostream& out) {
  const std::string type = CppType(member.type, model);
  const std::string& word = member.condition->word;
  const std::string bit = "0x" + HexId(std::uint32_t{1} << member.condition->bit) + "u";
  const std::string on = word + " | " + bit;
  const std::string off = word + " & ~" + bit;
  const bool flag = member.storage == Storage::kFlag;
  out << "  bool " << (flag ? member.name : member.has) << "() const { return (" << word << " & "
      << bit << ") != 0; }\n";
  if (flag) {
    out << "  " << record.name << "& " << member.set << "(bool on = true) {\n    " << word
        << " = on ? " << on << " : " << off << ";\n    return *this;\n  }\n";
    return;
  }
  // An empty boxed value is an absent one.
  const bool clears = member.type.kind == WireKind::kBoxed && !member.shared;
  out << "  " << type << ' ' << member.name << "() const { return " << member.has << "() ? "
      << member.data << " : " << type << "{}; }\n  " << record.name << "& " << member.set << "("
      << type << " value) {\n    " << word << " = " << (clears ? "value ? " + on + " : " + off : on)
      << ";\n    " << member.data << " = value;\n    return *this;\n  }\n";
}

void EmitMember(const Member& member, const Model& model, std::ostream& out) {
  if (member.storage == Storage::kFlag) return;
  const bool conditional = member.storage == Storage::kConditional;
  out << "  " << CppType(member.type, model) << ' ' << (conditional ? member.data : member.name);
  out << Initial(member.type);
  out << ";\n";
}

void EmitStruct(const Record& record, const Model& model, std::ostream& out) {
  const Combinator& newest = record.definition->newest();
  out << "// " << newest.line << "\nstruct " << record.name
      << " {\n  using Schema = ::tl::" << model.space << "::Schema;\n";
  if (record.definition->kind == CombinatorKind::kMethod) {
    out << "  using Result = " << CppType(newest.result, model) << ";\n";
  } else {
    out << "  using Type = " << model.unions.at(record.definition->type).full << ";\n";
  }
  out << "  static constexpr std::uint32_t kId = 0x" << HexId(newest.id)
      << ";\n  static constexpr std::string_view kName{\"" << record.definition->name << "\", "
      << record.definition->name.size() << "};\n";
  out << "  static const ::tl::Constructor kConstructor;\n";
  for (const Member& member : record.members) EmitMember(member, model, out);
  for (const Member& member : record.members) {
    if (member.condition) EmitConditional(record, member, model, out);
  }
  DeclareWrite("Write", model, out);
  out << "};\n";
}

void EmitStructs(const std::vector<Record>& records, const Model& model, std::ostream& out) {
  std::string open;
  for (const Record& record : records) {
    const std::string wanted = Nested(model.space, record.name_space);
    if (wanted != open) {
      if (!open.empty()) out << "}  // namespace " << open << "\n\n";
      out << "namespace " << wanted << " {\n";
      open = wanted;
    }
    EmitStruct(record, model, out);
  }
  if (!open.empty()) out << "}  // namespace " << open << "\n\n";
}

void EmitDeclarations(const Model& model, std::ostream& out) {
  out << "namespace tl::" << model.space << " {\n";
  if (model.layered) {
    out << "// Reads the id and the body of a method of the surface, under any id it ever had. "
           "What comes\n"
           "// behind the body stays unread. False with kUnknownConstructor for any other id.\n"
           "bool ReadMethod(Reader& r, AnyMethod& v);\n"
           "// The TL name of any constructor or method of any layer, or an empty text.\n"
           "std::string_view NameOf(std::uint32_t id);\n"
           "// Whether the id is a method's, at any layer, in the surface or not.\n"
           "bool IsMethod(std::uint32_t id);\n";
  } else {
    out << "// Reads the id and the body of any constructor or method of this schema.\n"
           "bool ReadObject(Reader& r, AnyObject& v);\n"
           "// The TL name, or an empty text.\n"
           "std::string_view NameOf(std::uint32_t id);\n"
           "bool IsMethod(std::uint32_t id);\n";
  }
  out << "}  // namespace tl::" << model.space << "\n";
}

}  // namespace

void EmitTypes(const Model& model, const std::string& source, std::ostream& out) {
  EmitBanner(out, source);
  EmitIncludes(out);
  out << "namespace tl::" << model.space << " {\nstruct Schema {};\n";
  if (model.layered) {
    out << "inline constexpr int kLayerMin = " << model.layer_min
        << ";\ninline constexpr int kLayerMax = " << model.layer_max << ";\n";
    EmitAnyOf("AnyMethod", "// A method's call.\n",
              "    requires requires { typename C::Result; }\n", out);
  } else {
    EmitAnyOf("AnyObject", "// A value of any type, or a method's call.\n", "", out);
  }
  out << "}  // namespace tl::" << model.space << "\n\n";
  EmitAnys(model, out);
  EmitStructs(model.constructors, model, out);
  EmitStructs(model.methods, model, out);
  EmitDeclarations(model, out);
}

}  // namespace trunkline::tlc
