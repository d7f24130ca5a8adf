#include "tl/compiler/emit.h"

namespace trunkline::tlc {
namespace {

constexpr const char* kTake =
    R"(// Constructors without members share one value and take nothing from the arena.
template <class C, void (*Body)(Reader&, C&), class Any, class... WireId>
void Take(Reader& r, Any& v, WireId... wire_id) {
  if constexpr (std::is_empty_v<C>) {
    C dropped;
    Body(r, dropped);
    v = Any(&kNeutral<C>, wire_id...);
  } else {
    C* const c = r.New<C>();
    if (c == nullptr) return;
    Body(r, *c);
    v = Any(static_cast<const C*>(c), wire_id...);
  }
}

)";

std::string Bit(const Condition& condition) {
  return "(" + condition.word + " & 0x" + HexId(std::uint32_t{1} << condition.bit) + "u) != 0";
}

// An expression that reads a value other than boxed and bare ones.
std::string Expression(const WireType& type, const Model& model) {
  switch (type.kind) {
    case WireKind::kInt:
      return "r.I32()";
    case WireKind::kLong:
      return "r.I64()";
    case WireKind::kDouble:
      return "r.F64()";
    case WireKind::kString:
      return "r.Bytes()";
    case WireKind::kInt128:
      return "r.I128()";
    case WireKind::kInt256:
      return "r.I256()";
    case WireKind::kBool:
      return "r.Bool()";
    case WireKind::kVector:
      return "ReadVector<" + CppType(*type.element, model) + ">(r)";
    case WireKind::kBoxed:
      return "Read<" + CppType(type, model) + ">(r)";
    case WireKind::kObject:
      return "r.TakeRest()";
    default:
      return "r.U32()";
  }
}

// `vector<message>`: count, then elements without ids.
void EmitBareVector(const std::string& target, const WireType& type, const Model& model,
                    std::ostream& out) {
  const WireType& element = *type.element;
  const std::string cpp = CppType(element, model);
  out << "  {\n    const std::span<" << cpp << "> items = r.NewArray<" << cpp << ">(r.Count("
      << BytesMin(element, model) << "));\n    for (" << cpp << "& item : items) {\n      ";
  if (element.kind == WireKind::kBare) {
    out << "Body_" << HexId(FindConstructor(model, element.name)->layouts.front().id)
        << "(r, item);\n";
  } else {
    out << "item.ReadFrom(r);\n";
  }
  out << "    }\n    " << target << " = items;\n  }\n";
}

void EmitField(const Field& field, const Field* before, const Member* member, const Model& model,
               std::ostream& out) {
  const WireKind kind = field.type.kind;
  if (kind == WireKind::kFlags) {
    out << "  [[maybe_unused]] const std::uint32_t " << field.name << " = r.U32();\n";
    return;
  }
  const bool kept = FitOf(field, member) != Fit::kNone;
  const std::string target = kept ? "v." + member->name : "";
  if (kind == WireKind::kTrue) {
    if (!kept) return;
    const bool optional = member->storage == Storage::kOptional;
    out << "  " << (optional ? "if (" + Bit(*field.condition) + ") " : "") << target << " = "
        << (optional ? "true" : Bit(*field.condition)) << ";\n";
    return;
  }
  if (kind == WireKind::kBareVector) return EmitBareVector(target, field.type, model, out);
  out << "  ";
  if (field.condition) out << "if (" << Bit(*field.condition) << ") ";
  if (kept && kind == WireKind::kBoxed) {
    out << target << ".ReadFrom(r);\n";
  } else if (kind == WireKind::kObject && before != nullptr && before->name == "bytes") {
    out << target << " = r.RawOfLength(v.bytes);\n";
  } else {
    out << (kept ? target + " = " : "") << Expression(field.type, model) << ";\n";
  }
}

void EmitBody(const Record& record, const Layout& layout, const Model& model, std::ostream& out) {
  out << "void Body_" << HexId(layout.id) << "([[maybe_unused]] Reader& r, [[maybe_unused]] "
      << record.full << "& v) {\n";
  const Field* before = nullptr;
  for (const Field& field : layout.fields) {
    EmitField(field, before, record.Find(field.name), model, out);
    before = &field;
  }
  out << "}\n";
}

void EmitBodies(const Record& record, const Model& model, std::ostream& out) {
  for (const Layout& layout : record.layouts) EmitBody(record, layout, model, out);
}

void EmitUnion(const Union& of, std::ostream& out) {
  out << "}  // namespace\n\nvoid " << of.full << "::ReadFrom(Reader& r) {\n";
  if (of.recursive) out << "  const Reader::Nest nest(r);\n";
  out << "  const std::uint32_t id = r.U32();\n  switch (id) {\n";
  for (const Record* record : of.constructors) {
    for (const Layout& layout : record->layouts) {
      out << "    case 0x" << HexId(layout.id) << "u:\n      return Take<" << record->full
          << ", Body_" << HexId(layout.id) << ">(r, *this);\n";
    }
  }
  out << "    default:\n      r.Unknown(id);\n  }\n}\n\nnamespace {\n";
}

// The two readers whose result is not one type: methods, and any object of MTProto's own schema.
void EmitAnyReader(const std::string& name, const char* any,
                   const std::vector<const std::vector<Record>*>& lists, const Model& model,
                   std::ostream& out) {
  out << "}  // namespace\n\nbool " << model.space << "::" << name << "(Reader& r, " << model.space
      << "::" << any << "& v) {\n  const std::uint32_t id = r.U32();\n  switch (id) {\n";
  for (const std::vector<Record>* records : lists) {
    for (const Record& record : *records) {
      for (const Layout& layout : record.layouts) {
        out << "    case 0x" << HexId(layout.id) << "u:\n      Take<" << record.full << ", Body_"
            << HexId(layout.id) << ">(r, v, id);\n      break;\n";
      }
    }
  }
  out << "    default:\n      r.Unknown(id);\n  }\n  return r.ok();\n}\n\nnamespace {\n";
}

}  // namespace

void EmitReaders(const Model& model, std::size_t part, std::size_t parts, std::ostream& out) {
  EmitBanner(out, "the schema of tl::" + model.space);
  out << "#include \"tl/" << model.space << "_types.h\"\n\nnamespace tl {\nnamespace {\n\n"
      << kTake;
  if (!model.layered) {
    for (const Record& record : model.constructors) EmitBodies(record, model, out);
    for (const Record& record : model.methods) EmitBodies(record, model, out);
    for (const auto& [type, of] : model.unions) {
      if (type != "Object") EmitUnion(of, out);
    }
    EmitAnyReader("ReadObject", "AnyObject", {&model.constructors, &model.methods}, model, out);
  } else {
    const Share share = ShareOf(model, part, parts, true);
    for (const Record* method : share.methods) EmitBodies(*method, model, out);
    for (const Union* of : share.unions) {
      for (const Record* record : of->constructors) EmitBodies(*record, model, out);
      EmitUnion(*of, out);
    }
    if (part == 0) EmitAnyReader("ReadMethod", "AnyMethod", {&model.methods}, model, out);
  }
  out << "}  // namespace\n}  // namespace tl\n";
}

}  // namespace trunkline::tlc
