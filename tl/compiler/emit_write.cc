#include <algorithm>
#include <map>

#include "tl/compiler/emit.h"

namespace trunkline::tlc {
namespace {

std::string Word(std::uint32_t value) {
  return "0x" + HexId(value) + "u";
}

// Whether a member has something to say, for a bit that is not its own.
std::string Present(const Member& member, const Model& model) {
  const std::string v = "v." + member.name;
  if (member.storage == Storage::kFlag) return v + "()";
  if (member.storage == Storage::kConditional) return "v." + member.has + "()";
  switch (member.type.kind) {
    case WireKind::kBool:
      return v;
    case WireKind::kBoxed:
      return model.layered ? v + ".Expressible(layer)" : "static_cast<bool>(" + v + ")";
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
      if (field.condition && Kept(field) != nullptr) bits_[field.condition->word] |= BitOf(field);
    }
  }

  void Emit() {
    out_ << "template <class S>\nS Body_" << HexId(layout_.id) << "(S s, [[maybe_unused]] const "
         << record_.full << "& v";
    if (model_.layered) out_ << ", [[maybe_unused]] int layer";
    for (const std::string& word : MaskedWords(record_, layout_)) {
      out_ << ", std::uint32_t " << word << "_mask";
    }
    out_ << ") {\n";
    for (std::size_t at = 0; at < layout_.fields.size();) at = EmitFrom(at);
    out_ << "  return s;\n}\n";
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
  const Member* Kept(const Field& field) const { return KeptBy(record_, field); }

  // Fields with bytes that are written under a condition.
  bool Conditional(const Field& field) const {
    return field.condition && field.type.kind != WireKind::kTrue &&
           (bits_.at(field.condition->word) & BitOf(field)) != 0;
  }

  // Emits what begins at a field and gives the first field behind it.
  std::size_t EmitFrom(std::size_t at) {
    const Field& first = layout_.fields[at];
    std::size_t end = at;
    std::uint32_t bits = 0;
    std::size_t count = 0;
    while (first.condition && end < layout_.fields.size() && count < kGroupMax) {
      const Field& field = layout_.fields[end];
      if (!field.condition || field.condition->word != first.condition->word) break;
      if (bits_.contains(field.condition->word) && Conditional(field)) {
        bits |= BitOf(field);
        ++count;
      }
      ++end;
    }
    if (count < kGroupMin) {
      EmitField(at, "  ");
      return at + 1;
    }
    out_ << "  if (" << Bits(first.condition->word, bits) << ") {\n";
    for (std::size_t i = at; i < end; ++i) EmitField(i, "    ");
    out_ << "  }\n";
    return end;
  }

  void EmitField(std::size_t at, const std::string& indent) {
    const Field& field = layout_.fields[at];
    if (field.type.kind == WireKind::kFlags) return EmitWord(field);
    if (field.type.kind == WireKind::kTrue) return;
    out_ << indent;
    if (field.condition) {
      if (!bits_.contains(field.condition->word) || !Conditional(field)) {
        out_ << "// " << field.name << ": nothing to write\n";
        return;
      }
      out_ << "if (" << Bits(field.condition->word, BitOf(field)) << ") ";
    }
    const Member* const member = Kept(field);
    const bool length_of_object = at + 1 < layout_.fields.size() && field.name == "bytes" &&
                                  layout_.fields[at + 1].type.kind == WireKind::kObject;
    if (length_of_object) {
      out_ << "s.I32(static_cast<std::int32_t>(v." << record_.Find(layout_.fields.back().name)->name
           << ".size()));\n";
    } else {
      EmitValue(field.type, member == nullptr ? Neutral(field.type) : Value(field, *member));
    }
  }

  // The struct's own word where bits mean the same, the others one by one.
  void EmitWord(const Field& word) {
    std::map<std::uint32_t, std::string> moved;
    std::uint32_t same = 0;
    for (const Field& field : layout_.fields) {
      if (!field.condition || field.condition->word != word.name) continue;
      const Member* const member = Kept(field);
      if (member == nullptr) continue;
      if (Direct(field, *member)) {
        same |= BitOf(field);
        continue;
      }
      std::string& text = moved[field.condition->bit];
      text += (text.empty() ? "" : " || ") + Present(*member, model_);
    }
    std::string sum = same == 0 ? "" : "(v." + word.name + " & " + Word(same) + ")";
    for (const auto& [bit, text] : moved) {
      sum += (sum.empty() ? "" : " |\n      ") + ("Bit(" + text + ", " + std::to_string(bit) + ")");
    }
    const std::vector<std::string> masked = MaskedWords(record_, layout_);
    if (std::find(masked.begin(), masked.end(), word.name) != masked.end()) {
      sum = "(" + sum + ") & " + word.name + "_mask";
    }
    const std::string cleared = Cleared(word);
    out_ << "  " << (cleared.empty() ? "const " : "") << "std::uint32_t " << word.name << " = "
         << (sum.empty() ? "0" : sum) << ";\n"
         << cleared << "  s.U32(" << word.name << ");\n";
  }

  // A bit goes when the layer can't express the one value that hangs on it.
  std::string Cleared(const Field& word) const {
    std::string lines;
    std::uint32_t bits = 0;
    for (const Field& field : layout_.fields) {
      if (!field.condition || field.condition->word != word.name) continue;
      const Member* const member = Kept(field);
      if (member == nullptr || member->storage != Storage::kConditional ||
          field.type.kind != WireKind::kBoxed || !model_.unions.at(field.type.name).partial ||
          SharesItsBit(field)) {
        continue;
      }
      bits |= BitOf(field);
      lines += "    if (" + Bits(word.name, BitOf(field)) + " && !v." + member->data +
               ".Expressible(layer)) " + word.name + " &= ~" + Word(BitOf(field)) + ";\n";
    }
    if (lines.empty()) return lines;
    return "  if (" + Bits(word.name, bits) + ") {\n" + lines + "  }\n";
  }

  bool BitIsDirect(const Field& field) const {
    return std::all_of(layout_.fields.begin(), layout_.fields.end(), [&](const Field& other) {
      const Member* const member = Kept(other);
      const bool same_bit = field.condition && other.condition &&
                            other.condition->word == field.condition->word &&
                            other.condition->bit == field.condition->bit;
      if (&other == &field) return member != nullptr && Direct(other, *member);
      return !same_bit || member == nullptr || Direct(other, *member);
    });
  }

  bool SharesItsBit(const Field& field) const {
    return 1 < std::count_if(layout_.fields.begin(), layout_.fields.end(), [&](const Field& other) {
             return other.condition && other.condition->word == field.condition->word &&
                    other.condition->bit == field.condition->bit && Kept(other) != nullptr;
           });
  }

  std::string Value(const Field& field, const Member& member) const {
    const bool plain = member.storage == Storage::kValue;
    std::string value = "v." + member.name + (plain ? "" : "()");
    // Where nothing else sets the bit, the value is there.
    if (!plain && BitIsDirect(field)) value = "v." + member.data;
    return FitOf(field, &member) == Fit::kWiden ? "static_cast<std::int32_t>(" + value + ")"
                                                : value;
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
        out_ << "s = WriteVector(s, " << value << LayerArgument(model_) << ");\n";
        return;
      case WireKind::kBareVector:
        EmitBareVector(*type.element, value);
        return;
      case WireKind::kObject:
        out_ << "s.Raw(" << value << ");\n";
        return;
      default:
        out_ << "s = " << value << ".Write(s" << LayerArgument(model_) << ");\n";
    }
  }

  void EmitBareVector(const WireType& element, const std::string& value) {
    out_ << "s.U32(static_cast<std::uint32_t>(" << value
         << ".size()));\n  for (const auto& item : " << value << ") s = ";
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

// Layers that a constructor is there for, with the outermost ones open, as Constructor holds them.
std::string LayersOf(const Record& record, const Model& model) {
  constexpr int kOpen = 32767;
  int first = -kOpen;
  int last = kOpen;
  int hole_first = 1;
  int hole_last = 0;
  if (model.layered) {
    if (record.spans.front().first > model.layer_min) first = record.spans.front().first;
    if (record.spans.back().last < model.layer_max) last = record.spans.back().last;
    if (record.spans.size() > 1) {
      hole_first = record.spans[0].last + 1;
      hole_last = record.spans[1].first - 1;
    }
  }
  return std::to_string(first) + ", " + std::to_string(last) + ", " + std::to_string(hole_first) +
         ", " + std::to_string(hole_last);
}

// The run that holds at a layer, found by halving: a user or a message has more than ten.
void EmitRuns(const Record& record, std::size_t first, std::size_t end, const std::string& indent,
              const Model& model, std::ostream& out) {
  if (end - first > 1) {
    const std::size_t middle = (first + end) / 2;
    out << indent << "if (layer >= " << record.runs[middle].first << ") {\n";
    EmitRuns(record, middle, end, indent + "  ", model, out);
    out << indent << "}\n";
    return EmitRuns(record, first, middle, indent, model, out);
  }
  const LayoutRun& run = record.runs[first];
  const Layout& layout = record.layouts[run.layout];
  out << indent << "s.U32(" << Word(layout.id) << ");\n"
      << indent << "return Body_" << HexId(layout.id) << "(s, v" << LayerArgument(model);
  for (const std::string& word : LayoutWriter::MaskedWords(record, layout)) {
    out << ", " << Word(run.masks.at(word));
  }
  out << ");\n";
}

void EmitRecord(const Record& record, const Model& model, std::ostream& out) {
  for (const Layout& layout : record.layouts) LayoutWriter(record, layout, model, out).Emit();
  const std::string put = "Put_" + HexId(record.definition->newest().id);
  out << "template <class S>\nS " << put
      << "(S s, const void* value, [[maybe_unused]] int layer) {\n  const auto& v = "
         "*static_cast<const "
      << record.full << "*>(value);\n";
  EmitRuns(record, 0, record.runs.size(), "  ", model, out);
  const std::string type = record.full.substr(2);
  out << "}\n}  // namespace\n\nconst Constructor " << type << "::kConstructor = {"
      << Word(record.definition->newest().id) << ", " << LayersOf(record, model) << ", " << put
      << "<SizeCounter>, " << put << "<Writer>};\n";
  for (const char* const sink : {"SizeCounter", "Writer"}) {
    out << sink << ' ' << type << "::Write(" << sink << " s" << LayerParameter(model)
        << ") const { return " << put << "(s, this, " << (model.layered ? "layer" : "0")
        << "); }\n";
  }
  out << "\nnamespace {\n\n";
}

// What stands in a mandatory place for a value that a layer can't express.
void EmitNeutral(const Union& of, const char* sink, const Model& model, std::ostream& out) {
  out << sink << ' ' << of.full.substr(2) << "::Neutral(" << sink << " s"
      << (model.layered ? ", [[maybe_unused]] int layer" : "") << ") {\n";
  for (std::size_t i = of.neutrals.size(); i-- > 0;) {
    const auto& [first, record] = of.neutrals[i];
    out << "  ";
    if (i > 0) out << "if (layer >= " << first << ") ";
    if (record == nullptr) {
      out << "return s;\n";
    } else {
      out << "return kNeutral<" << record->full << ">.Write(s" << LayerArgument(model) << ");\n";
    }
  }
  if (of.neutrals.empty()) out << "  return s;\n";
  out << "}\n";
}

void EmitUnionWriters(const Union& of, const Model& model, std::ostream& out) {
  out << "}  // namespace\n\n";
  EmitNeutral(of, "SizeCounter", model, out);
  EmitNeutral(of, "Writer", model, out);
  out << "\nnamespace {\n\n";
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
      if (type != "Object") EmitUnionWriters(of, model, out);
    }
  } else {
    const Share share = ShareOf(model, part, parts, false);
    for (const Record* method : share.methods) EmitRecord(*method, model, out);
    for (const Union* of : share.unions) {
      for (const Record* record : of->constructors) EmitRecord(*record, model, out);
      EmitUnionWriters(*of, model, out);
    }
  }
  out << "}  // namespace\n}  // namespace tl\n";
}

}  // namespace trunkline::tlc
