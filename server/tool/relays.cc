#include <CLI/CLI.hpp>
#include <limits>
#include <memory>
#include <optional>

#include "server/tool/command.h"
#include "server/tool/relays_text.h"

namespace trunkline::tool {
namespace {

constexpr char kRelays[] = "/admin/v1/relays";

struct RelayOptions {
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
struct RelayVerb {
  CLI::App* command;
  std::shared_ptr<RelayOptions> options = std::make_shared<RelayOptions>();

  RelayVerb(CLI::App* relays, const char* name, const char* help)
      : command(relays->add_subcommand(name, help)) {
    command->add_flag("--json", options->json, "as the server says it");
  }
  RelayVerb& WithId(const char* name, const char* help) {
    command->add_option(name, options->id, help)
        ->required()
        ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
    return *this;
  }
  void Does(Action& action, std::function<int(Session&, const RelayOptions&)> what) const {
    command->callback([options = options, what = std::move(what), &action] {
      action = [options, what](Session& session) { return what(session, *options); };
    });
  }
};

std::string OfRelay(const RelayOptions& options, const char* verb) {
  return kRelays + ("/" + std::to_string(options.id)) + verb;
}

void AddDrain(CLI::App* relays, Action& action, const char* name, const char* help) {
  RelayVerb(relays, name, help)
      .WithId("ID", "of the relay")
      .Does(action,
            [verb = "/" + std::string(name)](Session& session, const RelayOptions& options) {
              return Print(session, session.client.Post(OfRelay(options, verb.c_str()), ""),
                           options.json, RelayText);
            });
}

}  // namespace

void AddRelays(CLI::App& app, Action& action) {
  CLI::App* const relays = app.add_subcommand("relays", "the relays that calls are given");
  relays->require_subcommand(1);
  RelayVerb(relays, "list", "all of them")
      .Does(action, [](Session& session, const RelayOptions& options) {
        return Print(session, session.client.Get(kRelays), options.json, RelayTableText);
      });
  RelayVerb(relays, "show", "one of them")
      .WithId("ID", "of the relay")
      .Does(action, [](Session& session, const RelayOptions& options) {
        return Print(session, session.client.Get(OfRelay(options, "")), options.json, RelayText);
      });
  AddDrain(relays, action, "drain", "gives it no new calls; those that it has go on");
  AddDrain(relays, action, "undrain", "gives it new calls again");
  RelayVerb(relays, "explain", "why a call got the relays it has")
      .WithId("CALL", "id of the call")
      .Does(action, [](Session& session, const RelayOptions& options) {
        const std::string call = std::to_string(options.id);
        return Print(session, session.client.Get("/admin/v1/calls/" + call + "/relays"),
                     options.json, ExplanationText);
      });
  RelayVerb(relays, "rotate-secret", "makes a new key for tags; calls that live keep theirs")
      .Does(action, [](Session& session, const RelayOptions& options) {
        return Print(session, session.client.Post("/admin/v1/relays/rotate-secret", ""),
                     options.json, RotationText);
      });
}

}  // namespace trunkline::tool
