#include "tl/compiler/names.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace trunkline::tlc {
namespace {

constexpr std::array<std::string_view, 92> kWords = {
    "alignas",       "alignof",     "and",
    "and_eq",        "asm",         "auto",
    "bitand",        "bitor",       "bool",
    "break",         "case",        "catch",
    "char",          "char8_t",     "char16_t",
    "char32_t",      "class",       "compl",
    "concept",       "const",       "consteval",
    "constexpr",     "constinit",   "const_cast",
    "continue",      "co_await",    "co_return",
    "co_yield",      "decltype",    "default",
    "delete",        "do",          "double",
    "dynamic_cast",  "else",        "enum",
    "explicit",      "export",      "extern",
    "false",         "float",       "for",
    "friend",        "goto",        "if",
    "inline",        "int",         "long",
    "mutable",       "namespace",   "new",
    "noexcept",      "not",         "not_eq",
    "nullptr",       "operator",    "or",
    "or_eq",         "private",     "protected",
    "public",        "register",    "reinterpret_cast",
    "requires",      "return",      "short",
    "signed",        "sizeof",      "static",
    "static_assert", "static_cast", "struct",
    "switch",        "template",    "this",
    "thread_local",  "throw",       "true",
    "try",           "typedef",     "typeid",
    "typename",      "union",       "unsigned",
    "using",         "virtual",     "void",
    "volatile",      "wchar_t",     "while",
    "xor",           "xor_eq"};

char Upper(char c) {
  return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
}
char Lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

}  // namespace

std::pair<std::string, std::string> SplitNamespace(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return {"", std::string(name)};
  return {std::string(name.substr(0, dot)), std::string(name.substr(dot + 1))};
}

std::string StructName(std::string_view name) {
  std::string made;
  bool raise = true;
  for (const char c : name) {
    if (c == '_') {
      raise = true;
      continue;
    }
    made += raise ? Upper(c) : c;
    raise = false;
  }
  return made;
}

std::string MemberName(std::string_view name) {
  std::string made(name);
  if (std::find(kWords.begin(), kWords.end(), name) != kWords.end()) made += '_';
  return made;
}

std::string ErrorName(std::string_view type) {
  std::string made;
  bool raise = true;
  const bool shouting = std::none_of(type.begin(), type.end(),
                                     [](char c) { return c >= 'a' && c <= 'z' && c != 'd'; });
  for (std::size_t i = 0; i < type.size(); ++i) {
    if (type[i] == '%') {
      ++i;  // the conversion's letter
    } else if (type[i] == '_') {
      raise = true;
    } else {
      made += raise ? Upper(type[i]) : (shouting ? Lower(type[i]) : type[i]);
      raise = false;
    }
  }
  return made;
}

}  // namespace trunkline::tlc
