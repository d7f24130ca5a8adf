#include "tl/compiler/command_dump.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "tl/compiler/text_schema.h"
#include "tl/runtime/text.h"
#include "tl/runtime/text_form.h"

namespace trunkline::tlc {
namespace {

constexpr int kWrongInput = 1;
constexpr int kWrongUsage = 2;
constexpr std::size_t kTextBytesMax = std::size_t{1} << 28;
constexpr std::string_view kBlanks = " \t\r\n";

// Input files and stdin alike.
struct Input {
  std::string name;
  std::string text;
};

struct DumpOptions {
  int layer = 0;
  std::string type;
  std::string schema;
  std::string answers;  // the method that an rpc_result is of
  std::string file;
  std::string argument;  // --hex, --text
  std::string input = "raw";
  bool indent = false;
  bool secrets = false;
  std::size_t shown = std::numeric_limits<std::size_t>::max();
};

int Complain(std::string_view where, std::string_view why, int code) {
  std::cerr << where << ": " << why << '\n';
  return code;
}

std::optional<Input> ReadInput(const DumpOptions& options) {
  if (options.file.empty()) return Input{"argument", options.argument};
  std::ostringstream text;
  if (options.file == "-") {
    if (std::cin.peek() != std::istream::traits_type::eof()) text << std::cin.rdbuf();
    return Input{"stdin", text.str()};
  }
  std::ifstream in(options.file, std::ios::binary);
  if (in && in.peek() != std::istream::traits_type::eof()) text << in.rdbuf();
  if (!in.is_open() || in.bad() || !text) {
    Complain(options.file, "can't be read", kWrongInput);
    return std::nullopt;
  }
  return Input{options.file, text.str()};
}

int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Bytes as people copy them: pairs of digits, blanks between them and 0x in front of them allowed.
std::optional<Bytes> DecodeHex(const Input& input) {
  Bytes bytes;
  const std::string_view text = input.text;
  for (std::size_t at = 0; at < text.size();) {
    if (kBlanks.find(text[at]) != std::string_view::npos) {
      ++at;
      continue;
    }
    if (text.substr(at).starts_with("0x") || text.substr(at).starts_with("0X")) at += 2;
    const int high = at < text.size() ? DigitOf(text[at]) : -1;
    const int low = at + 1 < text.size() ? DigitOf(text[at + 1]) : -1;
    if (high < 0 || low < 0) {
      Complain(input.name, "character " + std::to_string(at) + ": two hex digits are expected",
               kWrongInput);
      return std::nullopt;
    }
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
    at += 2;
  }
  return bytes;
}

// What dump and parse need of the schema, and the answers to wrong names.
class Command {
 public:
  explicit Command(const DumpOptions& options) : options_(options) {}

  // 0, or what to exit with.
  int Load() {
    Diagnostics diagnostics;
    schema_ = TextSchema::Load(options_.schema, diagnostics);
    if (schema_ == nullptr) {
      diagnostics.Print(std::cerr);
      return kWrongInput;
    }
    if (!tl::text::FindForm(options_.type, schema())) {
      return Complain("--type", "the schema has no " + options_.type, kWrongUsage);
    }
    if (options_.answers.empty()) return 0;
    const auto method = tl::text::FindLine(std::string_view(options_.answers), 0, schema());
    if (!method || !method.line->method) {
      return Complain("--answers", "the schema has no method " + options_.answers, kWrongUsage);
    }
    requests_.push_back({tl::AnsweredRequest::kAnyMessage, method.line->id});
    return 0;
  }

  const tl::Schema& schema() const { return schema_->schema(); }
  const std::vector<tl::AnsweredRequest>& requests() const { return requests_; }

 private:
  const DumpOptions& options_;
  std::unique_ptr<const TextSchema> schema_;
  std::vector<tl::AnsweredRequest> requests_;
};

int Dump(const DumpOptions& options) {
  Command command(options);
  if (const int code = command.Load()) return code;
  const auto input = ReadInput(options);
  if (!input) return kWrongInput;
  const bool is_hex = options.file.empty() || options.input == "hex";
  const auto decoded = is_hex ? DecodeHex(*input) : Bytes(input->text.begin(), input->text.end());
  if (!decoded) return kWrongInput;
  tl::TextOptions text{.layer = options.layer,
                       .type = options.type,
                       .requests = command.requests(),
                       .indent = options.indent,
                       .secrets = options.secrets,
                       .bytes_shown_max = options.shown,
                       .text_bytes_max = kTextBytesMax};
  const tl::RawObject bytes(*decoded);
  do {
    const tl::Printed printed =
        tl::PrintNext(bytes.subspan(text.first_offset), command.schema(), text);
    std::cout << printed.text << '\n';
    if (!printed.ok()) {
      std::cout.flush();
      const std::size_t offset = text.first_offset + printed.error_offset;
      return Complain(input->name,
                      "offset " + std::to_string(offset) + ": " + std::string(printed.why),
                      kWrongInput);
    }
    text.first_offset += printed.bytes_read;
  } while (text.first_offset < bytes.size());
  return 0;
}

int Parse(const DumpOptions& options) {
  Command command(options);
  if (const int code = command.Load()) return code;
  const auto input = ReadInput(options);
  if (!input) return kWrongInput;
  const tl::ParseOptions parse{
      .layer = options.layer, .type = options.type, .requests = command.requests()};
  std::string_view text = input->text;
  do {
    const tl::Parsed parsed = tl::ParseNext(text, command.schema(), parse);
    if (!parsed.ok()) {
      const auto at =
          static_cast<std::size_t>(text.data() - input->text.data()) + parsed.error_offset;
      const std::string_view before = std::string_view(input->text).substr(0, at);
      const auto line = std::count(before.begin(), before.end(), '\n') + 1;
      const std::size_t column = at - (before.rfind('\n') + 1) + 1;
      return Complain(input->name + ':' + std::to_string(line) + ':' + std::to_string(column),
                      parsed.why, kWrongInput);
    }
    std::cout << ToHex(parsed.bytes) << '\n';
    text.remove_prefix(parsed.text_read);
  } while (!text.empty());
  return 0;
}

void AddCommon(CLI::App& command, DumpOptions& options) {
  command.add_option("--layer", options.layer, "layer of the schema (default: ids of any layer)")
      ->check(CLI::Range(1, std::numeric_limits<int>::max()));
  command.add_option("--type", options.type, "what the values are: User, Vector<long>, Bool");
  command.add_option("--answers", options.answers, "method whose result an rpc_result carries");
  command.add_option("--schema", options.schema, "folder of schema files (default: built in)");
}

}  // namespace

void AddTextCommands(CLI::App& app, int& exit_code) {
  const auto dumped = std::make_shared<DumpOptions>();
  CLI::App* const dump = app.add_subcommand("dump", "print TL bytes as text, a line a value");
  AddCommon(*dump, *dumped);
  CLI::Option_group* const source = dump->add_option_group("source");
  source->add_option("file", dumped->file, "raw TL, - is stdin");
  source->add_option("--hex", dumped->argument, "the bytes themselves");
  source->require_option(1);
  dump->add_option("--input", dumped->input, "what the file holds")
      ->check(CLI::IsMember({"raw", "hex"}));
  dump->add_flag("--indent", dumped->indent, "a line a field");
  dump->add_flag("--secrets", dumped->secrets, "show what is secret");
  dump->add_option("--shown", dumped->shown, "longest string shown whole, in bytes");
  dump->callback([dumped, &exit_code] { exit_code = Dump(*dumped); });

  const auto parsed = std::make_shared<DumpOptions>();
  CLI::App* const parse = app.add_subcommand("parse", "the inverse: text to hex, a line a value");
  AddCommon(*parse, *parsed);
  CLI::Option_group* const text = parse->add_option_group("source");
  text->add_option("file", parsed->file, "text, - is stdin");
  text->add_option("--text", parsed->argument, "the text itself");
  text->require_option(1);
  parse->callback([parsed, &exit_code] { exit_code = Parse(*parsed); });
}

}  // namespace trunkline::tlc
