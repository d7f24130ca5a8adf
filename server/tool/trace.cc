#include <CLI/CLI.hpp>
#include <limits>
#include <memory>

#include "server/tool/command.h"
#include "server/tool/trace_json.h"
#include "server/tool/trace_text.h"

namespace trunkline::tool {
namespace {

struct TraceOptions {
  std::int64_t call = 0;
  bool follow = false, json = false;
};

int TraceCall(Session& session, const TraceOptions& options) {
  const std::string target = "/control/v1/calls/" + std::to_string(options.call) + "/trace";
  const auto answer = session.client.Get(target);
  if (!answer.ok()) return session.Fail(answer.error());
  if (options.json) {
    session.out << *answer << std::flush;
    return kOk;
  }
  const auto trace = ReadTrace(*answer);
  if (!trace) {
    return session.Fail({session.client.data_dir() + ": the server's answer can't be read"});
  }
  session.out << LadderOf(*trace) << std::flush;
  return kOk;
}

int Follow(Session& session, const TraceOptions& options) {
  const auto ended = session.client.Follow("/control/v1/trace", [&](std::string_view text) {
    if (options.json) {
      session.out << text << std::endl;
    } else if (const auto line = ReadFollowLine(text)) {
      session.out << LineOf(*line) << std::flush;
    }
    return session.out.good();
  });
  return ended.ok() ? kOk : session.Fail(ended.error());
}

}  // namespace

void AddTrace(CLI::App& app, Action& action) {
  const auto options = std::make_shared<TraceOptions>();
  CLI::App* const command = app.add_subcommand("trace", "what happened to a call, as a ladder");
  CLI::Option* const call =
      command->add_option("CALL", options->call, "id of the call")
          ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
  CLI::Option* const follow =
      command->add_flag("--follow", options->follow, "events of every call as they happen");
  follow->excludes(call);
  command->add_flag("--json", options->json, "as the server says it");
  command->callback([options, &action] {
    if (!options->follow && options->call == 0) {
      throw CLI::ValidationError("trace", "CALL or --follow is needed");
    }
    action = [options](Session& session) {
      return options->follow ? Follow(session, *options) : TraceCall(session, *options);
    };
  });
}

}  // namespace trunkline::tool
