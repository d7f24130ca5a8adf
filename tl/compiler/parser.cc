#include "tl/compiler/parser.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "tl/compiler/lexer.h"

namespace trunkline::tlc {
namespace {

template <class Number>
std::optional<Number> ParseNumber(std::string_view text, int base) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Real schemas have 70 fields at most and no vectors in vectors.
constexpr std::size_t kFieldsMax = 512;
constexpr std::size_t kDepthMax = 8;

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The text between two tokens, with one blank where there are blanks, line ends or comments.
std::string Spelling(const Token& from, const Token& to) {
  const std::string_view text(from.text.data(),
                              static_cast<std::size_t>(to.text.data() - from.text.data()));
  std::string spelt;
  bool blank = false;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (text.substr(at).starts_with("//")) {
      at = std::min(text.find('\n', at), text.size());
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      blank = true;
      ++at;
    } else {
      if (blank && !spelt.empty()) spelt += ' ';
      blank = false;
      spelt += c;
      ++at;
    }
  }
  return spelt;
}

class Parser {
 public:
  Parser(std::vector<Token> tokens, Diagnostics& diagnostics)
      : tokens_(std::move(tokens)), diagnostics_(diagnostics) {}

  std::vector<CombinatorExpression> Schema() {
    std::vector<CombinatorExpression> found;
    CombinatorKind kind = CombinatorKind::kConstructor;
    while (Peek().kind != TokenKind::kEnd) {
      if (Peek().kind == TokenKind::kFunctions || Peek().kind == TokenKind::kTypes) {
        kind = Next().kind == TokenKind::kFunctions ? CombinatorKind::kMethod
                                                    : CombinatorKind::kConstructor;
        continue;
      }
      CombinatorExpression combinator;
      combinator.kind = kind;
      if (Combinator(combinator)) {
        found.push_back(std::move(combinator));
      } else if (Recover(combinator)) {
        found.push_back(std::move(combinator));
      }
    }
    return found;
  }

  bool Fields(CombinatorExpression& into) {
    while (Peek().kind == TokenKind::kWord || Peek().Is('{')) {
      if (!Peek().Is('{')) {
        if (!Field(into)) return false;
      } else if (!TypeParameter(into)) {
        return false;
      }
    }
    return true;
  }

  bool Type(TypeExpression& into, std::size_t depth = 1) {
    into.position = Peek().position;
    if (depth > kDepthMax) {
      return Fault("types nest at most " + std::to_string(kDepthMax) + " deep");
    }
    if (Accept('#')) {
      into.name = "#";
      return true;
    }
    into.bang = Accept('!');
    into.percent = !into.bang && Accept('%');
    if (!IsName(Peek())) return Fault("a type is expected");
    into.name = Next().text;
    if (!Accept('<')) return true;
    into.arguments.emplace_back();
    return Type(into.arguments.back(), depth + 1) && Expect('>');
  }

  bool End() { return Peek().kind == TokenKind::kEnd || Fault("nothing more is expected"); }

  // `?`, `# [ t ]` and `4*[ int ]` are how the core types are told; readers and writers have them
  // built in.
  bool BuiltIn() const { return Peek().Is('?') || Peek().Is('#') || Peek().Is('*'); }

 private:
  const Token& Peek() const { return tokens_[at_]; }
  const Token& Next() {
    const Token& token = tokens_[at_];
    if (token.kind != TokenKind::kEnd) ++at_;
    return token;
  }
  bool Accept(char symbol) {
    if (!Peek().Is(symbol)) return false;
    Next();
    return true;
  }
  bool Expect(char symbol) {
    return Accept(symbol) || Fault(std::string("'") + symbol + "' is expected");
  }
  bool Fault(std::string message) {
    if (Peek().kind == TokenKind::kEnd) {
      message += ", but the text ends";
    } else {
      message += ", found '" + std::string(Peek().text) + "'";
    }
    diagnostics_.Add(Peek().position, std::move(message));
    return false;
  }
  // Goes behind the combinator; says whether at least its name and its type could be told.
  bool Recover(CombinatorExpression& faulty) {
    faulty.faulty = true;
    while (Peek().kind != TokenKind::kEnd && !Accept(';')) {
      if (Next().Is('=') && IsName(Peek())) faulty.result.name = Peek().text;
    }
    return IsName(faulty.name) && !faulty.result.name.empty();
  }

  static bool IsName(const Token& token) {
    return token.kind == TokenKind::kWord && tlc::IsName(token.text);
  }
  static bool IsName(const std::string& text) { return tlc::IsName(text); }

  bool Combinator(CombinatorExpression& into) {
    into.position = Peek().position;
    if (!IsName(Peek())) return Fault("the name of a combinator is expected");
    into.name = Next().text;
    if (Accept('#') && !Id(into)) return false;
    const Token& arguments = Peek();
    if (!Fields(into)) return false;
    if (!Peek().Is('=')) {
      if (!BuiltIn()) return Fault("'=' or a field is expected");
      into.built_in = true;
      while (Peek().kind != TokenKind::kEnd && !Peek().Is('=') && !Peek().Is(';')) Next();
    }
    into.arguments_text = Spelling(arguments, Peek());
    if (!Expect('=')) return false;
    const Token& result = Peek();
    if (!Type(into.result)) return false;
    if (into.built_in && Peek().kind == TokenKind::kWord) Next();  // `Vector t`
    into.result_text = Spelling(result, Peek());
    return Expect(';');
  }

  bool Id(CombinatorExpression& into) {
    if (Peek().kind == TokenKind::kWord) into.id = ParseNumber<std::uint32_t>(Peek().text, 16);
    if (!into.id) return Fault("an id of hex digits is expected");
    Next();
    return true;
  }

  bool TypeParameter(CombinatorExpression& into) {
    Next();
    if (Peek().kind != TokenKind::kWord) return Fault("the name of a type parameter is expected");
    Next();
    if (!Expect(':')) return false;
    if (Peek().text != "Type") return Fault("'Type' is expected");
    Next();
    into.generic = true;
    return Expect('}');
  }

  bool Field(CombinatorExpression& into) {
    if (tokens_[at_ + 1].Is('*')) {  // the factor of `4*[ int ]`
      Next();
      return true;
    }
    FieldExpression field;
    field.position = Peek().position;
    if (!IsName(Peek()) || Peek().text.find('.') != std::string_view::npos) {
      return Fault("the name of a field is expected");
    }
    if (into.fields.size() == kFieldsMax) {
      return Fault("at most " + std::to_string(kFieldsMax) + " fields are expected");
    }
    field.name = Next().text;
    if (!Expect(':')) return false;
    if (Peek().kind == TokenKind::kWord && tokens_[at_ + 1].Is('?') && !Condition(field))
      return false;
    if (!Type(field.type)) return false;
    into.fields.push_back(std::move(field));
    return true;
  }

  bool Condition(FieldExpression& field) {
    const std::string_view text = Peek().text;
    const std::size_t dot = text.rfind('.');
    const auto bit = dot == std::string_view::npos
                         ? std::nullopt
                         : ParseNumber<std::uint32_t>(text.substr(dot + 1), 10);
    if (!bit || dot == 0) return Fault("a condition like flags.0 is expected");
    field.condition = {Peek().position, std::string(text.substr(0, dot)), *bit};
    Next();
    Next();
    return true;
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  Diagnostics& diagnostics_;
};

}  // namespace

bool IsName(std::string_view text) {
  const std::size_t dot = text.find('.');
  const std::string_view name = dot == std::string_view::npos ? text : text.substr(dot + 1);
  const auto plain = [](std::string_view part) {
    return !part.empty() && IsLetter(part.front()) &&
           std::all_of(part.begin(), part.end(),
                       [](char c) { return IsLetter(c) || (c >= '0' && c <= '9') || c == '_'; });
  };
  return plain(name) && (dot == std::string_view::npos || plain(text.substr(0, dot)));
}

std::vector<CombinatorExpression> ParseSchema(std::string_view text, const std::string& file,
                                              Diagnostics& diagnostics) {
  return Parser(Lex(text, {file, 1, 1}, diagnostics), diagnostics).Schema();
}

CombinatorExpression ParseColumns(std::string_view fields, const Position& fields_position,
                                  std::string_view result, const Position& result_position,
                                  Diagnostics& diagnostics) {
  CombinatorExpression combinator;
  Parser field_parser(Lex(fields, fields_position, diagnostics), diagnostics);
  Parser result_parser(Lex(result, result_position, diagnostics), diagnostics);
  const bool ok =
      field_parser.Fields(combinator) &&
      (field_parser.BuiltIn() ||
       (field_parser.End() && result_parser.Type(combinator.result) && result_parser.End()));
  combinator.built_in = !ok || field_parser.BuiltIn();
  combinator.arguments_text = fields;
  combinator.result_text = result;
  return combinator;
}

}  // namespace trunkline::tlc
