#include <CLI/CLI.hpp>
#include <limits>
#include <memory>
#include <optional>

#include "server/tool/command.h"
#include "server/tool/relays_text.h"

namespace trunkline::tool {
namespace {

constexpr char kRelays[] = "/admin/v1/relays";

struct Options {
  std::int64_t id = 0;
  bool json = false;
};
using TextOf = std::optional<std::string> (*)(const std::string& answer);

int Print(Session& session, const Result<std::string, Failure>& answer, bool json, TextOf text_of) {
  if (!answer.ok()) return session.Fail(answer.error());
  const auto text = json ? std::optional(*answer) : text_of(*answer);
  if (!text) {
    return session.Fail({session.client.data_dir() + ": the server's answer can't be read"});
  }
  session.out << *text << std::flush;
  return kOk;
}

// A subcommand of `relays` with --json; the options live as long as its callback.
struct Verb {
  CLI::App* command;
  std::shared_ptr<Options> options = std::make_shared<Options>();

  Verb(CLI::App* relays, const char* name, const char* help)
      : command(relays->add_subcommand(name, help)) {
    command->add_flag("--json", options->json, "as the server says it");
  }
  Verb& WithId(const char* name, const char* help) {
    command->add_option(name, options->id, help)
        ->required()
        ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
    return *this;
  }
  void Does(Action& action, std::function<int(Session&, const Options&)> what) const {
    command->callback([options = options, what = std::move(what), &action] {
      action = [options, what](Session& session) { return what(session, *options); };
    });
  }
};

std::string OfRelay(const Options& options, const char* verb) {
  return kRelays + ("/" + std::to_string(options.id)) + verb;
}

void AddDrain(CLI::App* relays, Action& action, const char* name, const char* help) {
  Verb(relays, name, help)
      .WithId("ID", "of the relay")
      .Does(action, [verb = "/" + std::string(name)](Session& session, const Options& options) {
        return Print(session, session.client.Post(OfRelay(options, verb.c_str()), ""), options.json,
                     RelayText);
      });
}

}  // namespace

void AddRelays(CLI::App& app, Action& action) {
  CLI::App* const relays = app.add_subcommand("relays", "the relays that calls are given");
  relays->require_subcommand(1);
  Verb(relays, "list", "all of them").Does(action, [](Session& session, const Options& options) {
    return Print(session, session.client.Get(kRelays), options.json, RelayTableText);
  });
  Verb(relays, "show", "one of them")
      .WithId("ID", "of the relay")
      .Does(action, [](Session& session, const Options& options) {
        return Print(session, session.client.Get(OfRelay(options, "")), options.json, RelayText);
      });
  AddDrain(relays, action, "drain", "gives it no new calls; those that it has go on");
  AddDrain(relays, action, "undrain", "gives it new calls again");
  Verb(relays, "explain", "why a call got the relays it has")
      .WithId("CALL", "id of the call")
      .Does(action, [](Session& session, const Options& options) {
        const std::string call = std::to_string(options.id);
        return Print(session, session.client.Get("/admin/v1/calls/" + call + "/relays"),
                     options.json, ExplanationText);
      });
  Verb(relays, "rotate-secret", "makes a new key for tags; calls that live keep theirs")
      .Does(action, [](Session& session, const Options& options) {
        return Print(session, session.client.Post("/admin/v1/relays/rotate-secret", ""),
                     options.json, RotationText);
      });
}

}  // namespace trunkline::tool
