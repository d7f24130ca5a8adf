#include <map>

#include "tl/compiler/emit.h"

namespace trunkline::tlc {

void EmitNames(const std::string& space, const History& history, std::ostream& out) {
  struct Entry {
    std::string name;
    bool method = false;
  };
  std::map<std::uint32_t, Entry> entries;
  for (const Definition& definition : history.definitions) {
    for (const Run& run : definition.runs) {
      entries[run.combinator.id] = {definition.name, definition.kind == CombinatorKind::kMethod};
    }
  }
  EmitBanner(out, "the schema of tl::" + space);
  out << "#include <algorithm>\n#include <cstdint>\n#include <string_view>\n\n#include \"tl/"
      << space << "_types.h\"\n\nnamespace tl::" << space
      << " {\nnamespace {\n\nstruct Entry {\n  std::uint32_t id;\n  bool method;\n"
         "  std::string_view name;\n};\n\nconstexpr Entry kEntries[] = {\n";
  for (const auto& [id, entry] : entries) {
    out << "    {0x" << HexId(id) << "u, " << (entry.method ? "true" : "false") << ", \""
        << entry.name << "\"},\n";
  }
  out << "};\n\nconst Entry* Find(std::uint32_t id) {\n"
         "  const Entry* const at = std::lower_bound(\n"
         "      std::begin(kEntries), std::end(kEntries), id,\n"
         "      [](const Entry& entry, std::uint32_t wanted) { return entry.id < wanted; });\n"
         "  return at != std::end(kEntries) && at->id == id ? at : nullptr;\n}\n\n}  // "
         "namespace\n\n"
         "std::string_view NameOf(std::uint32_t id) {\n  const Entry* const entry = Find(id);\n"
         "  return entry == nullptr ? std::string_view() : entry->name;\n}\n\n"
         "bool IsMethod(std::uint32_t id) {\n  const Entry* const entry = Find(id);\n"
         "  return entry != nullptr && entry->method;\n}\n\n}  // namespace tl::"
      << space << "\n";
}

}  // namespace trunkline::tlc
