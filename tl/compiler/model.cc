#include "tl/compiler/model.h"

#include <algorithm>
#include <set>

#include "tl/compiler/names.h"

namespace trunkline::tlc {
namespace {

Storage StorageOf(const Field& field) {
  if (field.type.kind == WireKind::kFlags) return Storage::kWord;
  if (field.type.kind == WireKind::kTrue) return Storage::kFlag;
  return field.condition ? Storage::kConditional : Storage::kValue;
}

bool SameBit(const std::optional<Condition>& a, const std::optional<Condition>& b) {
  return a && b && a->word == b->word && a->bit == b->bit;
}

// Names of functions and data next to the names of fields: where one is taken, it gets another
// underscore or a word.
void NameParts(const Combinator& newest, std::vector<Member>& members) {
  std::set<std::string> taken;
  for (const Member& member : members) taken.insert(member.name);
  const auto unique = [&](std::string name) {
    while (!taken.insert(name).second) name += '_';
    return name;
  };
  for (Member& member : members) {
    if (!member.condition) continue;
    member.set = unique("set_" + member.field);
    if (member.storage == Storage::kFlag) continue;
    member.has = unique("has_" + member.field);
    member.data = unique(member.name.ends_with('_') ? member.name + "value" : member.name + "_");
    member.shared =
        1 < std::count_if(newest.fields.begin(), newest.fields.end(), [&](const Field& other) {
          return SameBit(other.condition, member.condition);
        });
  }
}

std::vector<Member> Members(const Combinator& newest) {
  std::vector<Member> members;
  for (const Field& field : newest.fields) {
    Member member;
    member.field = field.name;
    member.name = MemberName(field.name);
    member.type = field.type;
    member.storage = StorageOf(field);
    member.condition = field.condition;
    members.push_back(std::move(member));
  }
  NameParts(newest, members);
  return members;
}

// The newest line of an id comes last; true fields that only older lines have are put behind their
// word.
void AddToLayout(const Combinator& combinator, Layout& layout) {
  std::vector<Field> fields = combinator.fields;
  for (const Field& old : layout.fields) {
    const bool known = std::any_of(fields.begin(), fields.end(),
                                   [&](const Field& field) { return field.name == old.name; });
    if (!known && old.type.kind == WireKind::kTrue) fields.push_back(old);
  }
  layout.fields = std::move(fields);
}

std::map<std::string, std::uint32_t> Masks(const Record& record, const Combinator& line) {
  std::map<std::string, std::uint32_t> masks;
  for (const Field& field : line.fields) {
    if (field.type.kind == WireKind::kFlags) masks[field.name] = 0;
    if (field.condition && FitOf(field, record.Find(field.name)) != Fit::kNone) {
      masks[field.condition->word] |= std::uint32_t{1} << field.condition->bit;
    }
  }
  return masks;
}

void AddRuns(const Definition& definition, Record& record) {
  for (const Run& run : definition.runs) {
    auto layout = std::find_if(record.layouts.begin(), record.layouts.end(),
                               [&](const Layout& known) { return known.id == run.combinator.id; });
    if (layout == record.layouts.end()) {
      layout = record.layouts.insert(layout, {run.combinator.id, {}});
    }
    AddToLayout(run.combinator, *layout);
    record.runs.push_back({run.first, static_cast<std::size_t>(layout - record.layouts.begin()),
                           Masks(record, run.combinator)});
  }
}

std::vector<Span> Spans(const Definition& definition, const std::vector<int>& layers_without_data) {
  std::vector<Span> spans;
  for (const Run& run : definition.runs) {
    int last = run.last;
    while (std::find(layers_without_data.begin(), layers_without_data.end(), last + 1) !=
           layers_without_data.end()) {
      ++last;
    }
    if (!spans.empty() && spans.back().last + 1 >= run.first) {
      spans.back().last = last;
    } else {
      spans.push_back({run.first, last});
    }
  }
  return spans;
}

Record MakeRecord(const std::string& space, const History& history, const Definition& definition) {
  Record record;
  record.definition = &definition;
  const auto [name_space, name] = SplitNamespace(definition.name);
  record.name_space = name_space;
  if (definition.kind == CombinatorKind::kMethod) {
    record.name_space = name_space.empty() ? "fn" : "fn::" + name_space;
  }
  record.name = StructName(name);
  record.full = "::tl::" + space +
                "::" + (record.name_space.empty() ? "" : record.name_space + "::") + record.name;
  record.members = Members(definition.newest());
  AddRuns(definition, record);
  record.spans = Spans(definition, history.layers_without_data);
  return record;
}

void AddToUnion(const std::string& space, const Record& record, Model& model) {
  const std::string& type = record.definition->type;
  Union& found = model.unions[type];
  if (found.name.empty()) {
    const auto [name_space, name] = SplitNamespace(type);
    found.name_space = name_space;
    found.name = "Any" + StructName(name);
    found.full =
        "::tl::" + space + "::" + (name_space.empty() ? "" : name_space + "::") + found.name;
  }
  found.constructors.push_back(&record);
  const bool whole = record.spans.size() == 1 && record.spans.front().first == model.layer_min &&
                     record.spans.front().last == model.layer_max;
  found.partial = found.partial || !whole;
}

std::set<std::string> Mentions(const Union& of) {
  std::set<std::string> types;
  for (const Record* record : of.constructors) {
    for (const Layout& layout : record->layouts) {
      for (const Field& field : layout.fields) {
        if (const WireType* boxed = BoxedOf(field.type)) types.insert(boxed->name);
      }
    }
  }
  return types;
}

void MarkRecursive(Model& model) {
  std::map<std::string, std::set<std::string>> mentions;
  for (const auto& [type, of] : model.unions) mentions[type] = Mentions(of);
  for (auto& [type, of] : model.unions) {
    std::set<std::string> reached;
    std::vector<std::string> open(mentions[type].begin(), mentions[type].end());
    while (!open.empty()) {
      const std::string next = std::move(open.back());
      open.pop_back();
      if (!reached.insert(next).second) continue;
      open.insert(open.end(), mentions[next].begin(), mentions[next].end());
    }
    of.recursive = reached.contains(type);
  }
}

}  // namespace

const Member* Record::Find(const std::string& field) const {
  const auto at = std::find_if(members.begin(), members.end(),
                               [&](const Member& member) { return member.field == field; });
  return at == members.end() ? nullptr : &*at;
}

bool Record::ExistsAt(int layer) const {
  return std::any_of(spans.begin(), spans.end(),
                     [&](const Span& span) { return span.first <= layer && layer <= span.last; });
}

Fit FitOf(const Field& field, const Member* member) {
  if (member == nullptr) return Fit::kNone;
  if (field.type == member->type) return Fit::kSame;
  const auto truth = [](WireKind kind) {
    return kind == WireKind::kTrue || kind == WireKind::kBool;
  };
  if (truth(field.type.kind) && truth(member->type.kind)) return Fit::kSame;
  if (field.type.kind == WireKind::kInt && member->type.kind == WireKind::kLong) return Fit::kWiden;
  return Fit::kNone;
}

void CheckSpans(const Model& model, Diagnostics& diagnostics) {
  for (const auto* const records : {&model.constructors, &model.methods}) {
    for (const Record& record : *records) {
      if (record.spans.size() <= 2) continue;
      diagnostics.Add(record.definition->newest().position,
                      record.definition->name + ": it goes away and comes back more than once");
    }
  }
}

std::size_t FixedBytes(WireKind kind) {
  switch (kind) {
    case WireKind::kFlags:
    case WireKind::kInt:
    case WireKind::kBool:
      return 4;
    case WireKind::kLong:
    case WireKind::kDouble:
      return 8;
    case WireKind::kInt128:
      return 16;
    case WireKind::kInt256:
      return 32;
    default:
      return 0;
  }
}

void MeasureUnions(Model& model) {
  constexpr std::size_t kIdBytes = 4;
  for (auto& [type, of] : model.unions) {
    std::set<std::size_t> sizes;
    for (const Record* record : of.constructors) {
      for (const Layout& layout : record->layouts) {
        std::size_t bytes = kIdBytes;
        for (const Field& field : layout.fields) {
          if (field.type.kind == WireKind::kTrue) continue;
          const std::size_t each = field.condition ? 0 : FixedBytes(field.type.kind);
          if (each == 0) sizes.insert(0);
          bytes += each;
        }
        sizes.insert(bytes);
      }
    }
    const bool always = !of.neutrals.empty() &&
                        std::all_of(of.neutrals.begin(), of.neutrals.end(),
                                    [](const auto& neutral) { return neutral.second != nullptr; });
    if (always && sizes.size() == 1) of.bytes = *sizes.begin();
  }
}

const WireType* BoxedOf(const WireType& type) {
  if (type.element != nullptr) return BoxedOf(*type.element);
  return type.kind == WireKind::kBoxed ? &type : nullptr;
}

Model BuildModel(const std::string& space, const History& history,
                 const std::vector<const Definition*>& definitions) {
  Model model;
  model.space = space;
  model.layered = history.layer_max != 0;
  model.layer_min = history.layer_min;
  model.layer_max = history.layer_max;
  for (const Definition* definition : definitions) {
    auto& records =
        definition->kind == CombinatorKind::kMethod ? model.methods : model.constructors;
    records.push_back(MakeRecord(space, history, *definition));
  }
  for (const Record& record : model.constructors) AddToUnion(space, record, model);
  MarkRecursive(model);
  return model;
}

}  // namespace trunkline::tlc
