#include <algorithm>
#include <map>

#include "tl/compiler/emit.h"

namespace trunkline::tlc {
namespace {

std::string Word(std::uint32_t value) {
  return "0x" + HexId(value) + "u";
}

// Whether a member has something to say: the bit of its field.
std::string Present(const Member& member, const Field& field, const Model& model) {
  const std::string v = "v." + member.name;
  const bool truth = field.type.kind == WireKind::kTrue;
  switch (member.storage) {
    case Storage::kFlag:
      return v;
    case Storage::kOptional:
      return truth ? v + ".value_or(false)" : v + ".has_value()";
    case Storage::kBoxed:
      return model.layered ? v + ".Expressible(layer)" : "static_cast<bool>(" + v + ")";
    case Storage::kValue:
      break;
  }
  switch (member.type.kind) {
    case WireKind::kBool:
      return v;
    case WireKind::kString:
    case WireKind::kVector:
    case WireKind::kObject:
      return "!" + v + ".empty()";
    case WireKind::kInt:
    case WireKind::kLong:
      return v + " != 0";
    default:
      return "true";
  }
}

class LayoutWriter {
 public:
  LayoutWriter(const Record& record, const Layout& layout, const Model& model, std::ostream& out)
      : record_(record), layout_(layout), model_(model), out_(out) {
    for (const Field& field : layout.fields) {
      if (field.condition && FitOf(field, record.Find(field.name)) != Fit::kNone) {
        bits_[field.condition->word] |= std::uint32_t{1} << field.condition->bit;
      }
    }
  }

  void Emit() {
    out_ << "template <class S>\nvoid Body_" << HexId(layout_.id)
         << "([[maybe_unused]] S& s, [[maybe_unused]] const " << record_.full << "& v";
    if (model_.layered) out_ << ", [[maybe_unused]] int layer";
    for (const std::string& word : MaskedWords(record_, layout_)) {
      out_ << ", std::uint32_t " << word << "_mask";
    }
    out_ << ") {\n";
    for (std::size_t i = 0; i < layout_.fields.size(); ++i) {
      const bool length = i + 1 < layout_.fields.size() &&
                          layout_.fields[i + 1].type.kind == WireKind::kObject &&
                          layout_.fields[i].name == "bytes";
      EmitField(layout_.fields[i], length);
    }
    out_ << "}\n";
  }

  // Flags words whose known bits differ between the runs that share this layout.
  static std::vector<std::string> MaskedWords(const Record& record, const Layout& layout) {
    std::map<std::string, std::uint32_t> every;
    std::map<std::string, bool> differ;
    for (const LayoutRun& run : record.runs) {
      if (&record.layouts[run.layout] != &layout) continue;
      for (const auto& [word, mask] : run.masks) {
        const auto [known, fresh] = every.emplace(word, mask);
        if (!fresh && known->second != mask) differ[word] = true;
      }
    }
    std::vector<std::string> words;
    for (const auto& [word, yes] : differ) words.push_back(word);
    return words;
  }

 private:
  void EmitField(const Field& field, bool length_of_object) {
    if (field.type.kind == WireKind::kFlags) return EmitWord(field);
    if (field.type.kind == WireKind::kTrue) return;
    out_ << "  ";
    if (field.condition) {
      const std::uint32_t bit = std::uint32_t{1} << field.condition->bit;
      if ((bits_[field.condition->word] & bit) == 0) {
        out_ << "// " << field.name << ": nothing to write\n";
        return;
      }
      out_ << "if ((" << field.condition->word << " & " << Word(bit) << ") != 0) ";
    }
    const Member* const member = record_.Find(field.name);
    const Fit fit = FitOf(field, member);
    if (length_of_object) {
      out_ << "s.I32(static_cast<std::int32_t>(v." << record_.Find(layout_.fields.back().name)->name
           << ".size()));\n";
    } else {
      EmitValue(field.type, fit == Fit::kNone ? Neutral(field.type) : Value(*member, fit));
    }
  }

  void EmitWord(const Field& word) {
    std::map<std::uint32_t, std::string> bits;
    for (const Field& field : layout_.fields) {
      if (!field.condition || field.condition->word != word.name) continue;
      const Member* const member = record_.Find(field.name);
      if (FitOf(field, member) == Fit::kNone) continue;
      std::string& text = bits[field.condition->bit];
      text += (text.empty() ? "" : " || ") + Present(*member, field, model_);
    }
    std::string sum;
    for (const auto& [bit, text] : bits) {
      sum += (sum.empty() ? "" : " |\n      ") + ("Bit(" + text + ", " + std::to_string(bit) + ")");
    }
    const std::vector<std::string> masked = MaskedWords(record_, layout_);
    if (std::find(masked.begin(), masked.end(), word.name) != masked.end()) {
      sum = "(" + sum + ") & " + word.name + "_mask";
    }
    out_ << "  const std::uint32_t " << word.name << " = " << (sum.empty() ? "0" : sum)
         << ";\n  s.U32(" << word.name << ");\n";
  }

  std::string Value(const Member& member, Fit fit) const {
    std::string value = "v." + member.name;
    if (member.storage == Storage::kOptional) {
      value += ".value_or(" + CppType(member.type, model_) + "{})";
    }
    return fit == Fit::kWiden ? "static_cast<std::int32_t>(" + value + ")" : value;
  }

  std::string Neutral(const WireType& type) const {
    return type.kind == WireKind::kBool ? "false" : CppType(type, model_) + "{}";
  }

  void EmitValue(const WireType& type, const std::string& value) {
    switch (type.kind) {
      case WireKind::kInt:
        out_ << "s.I32(" << value << ");\n";
        return;
      case WireKind::kLong:
        out_ << "s.I64(" << value << ");\n";
        return;
      case WireKind::kDouble:
        out_ << "s.F64(" << value << ");\n";
        return;
      case WireKind::kString:
        out_ << "s.Bytes(" << value << ");\n";
        return;
      case WireKind::kInt128:
        out_ << "s.I128(" << value << ");\n";
        return;
      case WireKind::kInt256:
        out_ << "s.I256(" << value << ");\n";
        return;
      case WireKind::kBool:
        out_ << "s.Bool(" << value << ");\n";
        return;
      case WireKind::kVector:
        out_ << "WriteVector(s, " << value << LayerArgument(model_) << ");\n";
        return;
      case WireKind::kBareVector:
        EmitBareVector(*type.element, value);
        return;
      case WireKind::kObject:
        out_ << "s.Raw(" << value << ");\n";
        return;
      default:
        out_ << value << ".Write(s" << LayerArgument(model_) << ");\n";
    }
  }

  void EmitBareVector(const WireType& element, const std::string& value) {
    out_ << "s.U32(static_cast<std::uint32_t>(" << value
         << ".size()));\n  for (const auto& item : " << value << ") ";
    if (element.kind == WireKind::kBare) {
      out_ << "Body_" << HexId(FindConstructor(model_, element.name)->layouts.front().id)
           << "(s, item);\n";
    } else {
      out_ << "item.Write(s);\n";
    }
  }

  const Record& record_;
  const Layout& layout_;
  const Model& model_;
  std::ostream& out_;
  std::map<std::string, std::uint32_t> bits_;
};

void EmitDefinitions(const std::string& type, const std::string& put, const Model& model,
                     std::ostream& out) {
  out << "}  // namespace\n\n";
  for (const char* const sink : {"SizeCounter", "Writer"}) {
    out << "void " << type << "::Write(" << sink << "& s" << LayerParameter(model) << ") const { "
        << put << "(s, *this" << LayerArgument(model) << "); }\n";
  }
  out << "\nnamespace {\n\n";
}

// Ids and layouts of a struct, newest first: the first run that begins at or below the layer is the
// one.
void EmitRecord(const Record& record, const Model& model, std::ostream& out) {
  for (const Layout& layout : record.layouts) LayoutWriter(record, layout, model, out).Emit();
  const std::string put = "Put_" + HexId(record.definition->newest().id);
  out << "template <class S>\nvoid " << put << "(S& s, const " << record.full << "& v"
      << (model.layered ? ", [[maybe_unused]] int layer" : "") << ") {\n";
  for (std::size_t i = record.runs.size(); i-- > 0;) {
    const LayoutRun& run = record.runs[i];
    const Layout& layout = record.layouts[run.layout];
    if (i > 0) out << "  if (layer >= " << run.first << ") {\n  ";
    out << "  s.U32(" << Word(layout.id) << ");\n  " << (i > 0 ? "  return " : "") << "Body_"
        << HexId(layout.id) << "(s, v" << LayerArgument(model);
    for (const std::string& word : LayoutWriter::MaskedWords(record, layout)) {
      out << ", " << Word(run.masks.at(word));
    }
    out << ");\n" << (i > 0 ? "  }\n" : "");
  }
  out << "}\n";
  EmitDefinitions(record.full, put, model, out);
}

std::string ExistsText(const Record& record, const Model& model) {
  std::string text;
  for (const Span& span : record.spans) {
    std::string range;
    if (span.first > model.layer_min) range = "layer >= " + std::to_string(span.first);
    if (span.last < model.layer_max) {
      range += (range.empty() ? "" : " && ") + ("layer <= " + std::to_string(span.last));
    }
    if (range.empty()) return {};
    text += (text.empty() ? "" : " || ") +
            (record.spans.size() > 1 && span.first > model.layer_min ? "(" + range + ")" : range);
  }
  return text;
}

void EmitExpressible(const Union& of, const Model& model, std::ostream& out) {
  out << "}  // namespace\n\nbool " << of.full
      << "::Expressible(int layer) const {\n  switch (id()) {\n";
  for (const Record* record : of.constructors) {
    const std::string exists = ExistsText(*record, model);
    if (exists.empty()) continue;
    out << "    case " << record->full << "::kId:\n      return " << exists << ";\n";
  }
  out << "    default:\n      return Boxed::Expressible(layer);\n  }\n}\n\nnamespace {\n\n";
}

void EmitNeutrals(const Union& of, const Model& model, std::ostream& out) {
  for (std::size_t i = of.neutrals.size(); i-- > 0;) {
    const auto& [first, record] = of.neutrals[i];
    if (i > 0) out << "  if (layer >= " << first << ") return";
    if (record != nullptr) {
      out << "  kNeutral<" << record->full << ">.Write(s" << LayerArgument(model) << ")";
    }
    if (i > 0 || record != nullptr) out << ";\n";
  }
}

void EmitUnion(const Union& of, const Model& model, std::ostream& out) {
  if (of.partial) EmitExpressible(of, model, out);
  std::string put = "Put";
  if (!of.name_space.empty()) put += "_" + of.name_space;
  put += "_" + of.name;
  out << "template <class S>\nvoid " << put << "(S& s, const " << of.full << "& v"
      << (model.layered ? ", [[maybe_unused]] int layer" : "") << ") {\n  switch (v.id()) {\n";
  for (const Record* record : of.constructors) {
    const std::string exists = model.layered ? ExistsText(*record, model) : "";
    out << "    case " << record->full << "::kId:\n      ";
    if (!exists.empty()) out << "if (!(" << exists << ")) break;\n      ";
    out << "return static_cast<const " << record->full << "*>(v.value())->Write(s"
        << LayerArgument(model) << ");\n";
  }
  out << "    default:\n      break;\n  }\n";
  EmitNeutrals(of, model, out);
  out << "}\n";
  EmitDefinitions(of.full, put, model, out);
}

}  // namespace

void EmitWriters(const Model& model, std::size_t part, std::size_t parts, std::ostream& out) {
  EmitBanner(out, "the schema of tl::" + model.space);
  out << "#include \"tl/" << model.space
      << "_types.h\"\n\nnamespace tl {\nnamespace {\n\n"
         "[[maybe_unused]] constexpr std::uint32_t Bit(bool on, int bit) {\n"
         "  return static_cast<std::uint32_t>(on) << bit;\n}\n\n";
  if (!model.layered) {
    for (const Record& record : model.constructors) EmitRecord(record, model, out);
    for (const Record& record : model.methods) EmitRecord(record, model, out);
    for (const auto& [type, of] : model.unions) {
      if (type != "Object") EmitUnion(of, model, out);
    }
  } else {
    const Share share = ShareOf(model, part, parts, false);
    for (const Record* method : share.methods) EmitRecord(*method, model, out);
    for (const Union* of : share.unions) {
      for (const Record* record : of->constructors) EmitRecord(*record, model, out);
      EmitUnion(*of, model, out);
    }
  }
  out << "}  // namespace\n}  // namespace tl\n";
}

}  // namespace trunkline::tlc
