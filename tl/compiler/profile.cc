#include "tl/compiler/profile.h"

#include <map>
#include <set>

#include "tl/compiler/model.h"
#include "tl/compiler/tsv.h"

namespace trunkline::tlc {
namespace {

class Walk {
 public:
  explicit Walk(const History& history) {
    for (const Definition& definition : history.definitions) {
      if (definition.kind == CombinatorKind::kConstructor) {
        constructors_[definition.type].push_back(&definition);
      }
    }
  }

  bool Type(const std::string& type) {
    const auto at = constructors_.find(type);
    if (at == constructors_.end()) return false;
    if (types_.insert(type).second) {
      for (const Definition* definition : at->second) Add(*definition);
    }
    return true;
  }

  void Add(const Definition& definition) {
    if (!chosen_.insert(&definition).second) return;
    for (const Run& run : definition.runs) {
      for (const Field& field : run.combinator.fields) Follow(field.type);
      if (definition.kind == CombinatorKind::kMethod) Follow(run.combinator.result);
    }
  }

  bool Chosen(const Definition& definition) const { return chosen_.contains(&definition); }

 private:
  void Follow(const WireType& type) {
    if (const WireType* boxed = BoxedOf(type)) Type(boxed->name);
  }

  std::map<std::string, std::vector<const Definition*>> constructors_;
  std::set<std::string> types_;
  std::set<const Definition*> chosen_;
};

}  // namespace

std::vector<SurfaceName> ReadSurface(std::istream& in, const std::string& file) {
  std::vector<SurfaceName> names;
  for (const std::vector<Cell>& row : ReadTsv(in, file)) {
    names.push_back({row.front().position, row.front().text});
  }
  return names;
}

std::vector<const Definition*> Closure(const History& history,
                                       const std::vector<SurfaceName>& surface,
                                       Diagnostics& diagnostics) {
  Walk walk(history);
  for (const SurfaceName& name : surface) {
    if (const Definition* method = history.Find(CombinatorKind::kMethod, name.name)) {
      walk.Add(*method);
    } else if (!walk.Type(name.name)) {
      diagnostics.Add(name.position, name.name + " is neither a method nor a type");
    }
  }
  std::vector<const Definition*> chosen;
  for (const Definition& definition : history.definitions) {
    if (walk.Chosen(definition)) chosen.push_back(&definition);
  }
  return chosen;
}

std::vector<const Definition*> WholeSchema(const History& history) {
  std::vector<const Definition*> all;
  for (const Definition& definition : history.definitions) all.push_back(&definition);
  return all;
}

}  // namespace trunkline::tlc
