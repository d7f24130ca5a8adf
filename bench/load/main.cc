// trunkline-bench: real encrypted clients against a running server.
//   demo       one call between two clients, drawn as a ladder
//   calls      many calls by many pairs
//   handshake  many key exchanges
// Exit codes: 0 everything held, 1 something failed, 2 wrong usage.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "bench/load/commands.h"

namespace {

using namespace trunkline::load;

void AddServerOptions(CLI::App& command, ServerOptions& options, std::string& transport) {
  command.add_option("--host", options.host, "IP address of the server")->capture_default_str();
  command.add_option("--port", options.port, "port of the server")->required();
  command.add_option("--key", options.key_file, "the server's public key, PEM")->required();
  std::vector<std::string> names;
  for (const TransportChoice choice : kAllTransports) names.emplace_back(NameOf(choice));
  command.add_option("--transport", transport, "framing of the connection")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
}

void AddMeasureOptions(CLI::App& command, ServerOptions& options) {
  command.add_option("--server-pid", options.server_pid, "measure this process's CPU time");
  command.add_flag("--json", options.json, "print the result as JSON");
}

CLI::App* AddDemo(CLI::App& app, DemoOptions& options) {
  CLI::App* command = app.add_subcommand("demo", "one call between two clients, drawn as a ladder");
  command->add_option("--code", options.code, "login code of the phones")->required();
  command->add_option("--phones", options.phones, "caller and callee")
      ->delimiter(',')
      ->expected(2)
      ->required();
  command->add_option("--layers", options.layers, "API layers of caller and callee")
      ->delimiter(',')
      ->expected(1, 2)
      ->check(CLI::Range(133, 229))
      ->capture_default_str();
  command->add_flag("--pfs", options.pfs, "use temporary keys");
  command
      ->add_option("--voice-packets", options.voice_packets,
                   "packets that each side must hear through the call's first relay")
      ->check(CLI::Range(0, 10'000));
  return command;
}

CLI::App* AddCalls(CLI::App& app, CallsOptions& options) {
  CLI::App* command = app.add_subcommand("calls", "many calls, each pair one after the other");
  command->add_option("--code", options.code, "login code of the phones")->required();
  command
      ->add_option("--first-phone", options.first_phone,
                   "digits; pairs take two numbers each from it on")
      ->capture_default_str();
  command->add_option("--calls", options.calls, "calls in all")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  command->add_option("--pairs", options.pairs, "pairs of phones")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command->add_option("--layer", options.layer, "API layer")
      ->check(CLI::Range(133, 229))
      ->capture_default_str();
  command->add_option("--signals", options.signals, "signalling packets of each side")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  command->add_flag(
      "--reuse-dh", options.reuse_dh,
      "one Diffie-Hellman key for all calls of a pair, made by a first call that doesn't count");
  CLI::Option* const rate =
      command
          ->add_option("--rate", options.rate,
                       "calls that begin per second, whatever the server does")
          ->check(CLI::Range(0.1, 1'000'000.0));
  CLI::Option* const seconds =
      command->add_option("--seconds", options.seconds, "how long, in place of --calls")
          ->check(CLI::Range(0.1, 86'400.0));
  rate->needs(seconds);
  seconds->needs(rate);
  return command;
}

CLI::App* AddHandshake(CLI::App& app, HandshakeOptions& options) {
  CLI::App* command = app.add_subcommand("handshake", "many key exchanges");
  command->add_option("--count", options.count, "exchanges in all")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  command->add_option("--connections", options.connections, "under way at once")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  return command;
}

}  // namespace

int main(int argc, char** argv) {
  ServerOptions server;
  std::string transport = "abridged";
  DemoOptions demo{.code = {}, .phones = {}, .layers = {198, 229}};
  CallsOptions calls{.code = {}, .first_phone = 9996610000000};
  HandshakeOptions handshake;

  CLI::App app("Real MTProto clients against a running server", "trunkline-bench");
  app.require_subcommand(1);
  CLI::App* const demo_command = AddDemo(app, demo);
  CLI::App* const calls_command = AddCalls(app, calls);
  CLI::App* const handshake_command = AddHandshake(app, handshake);
  for (CLI::App* command : {demo_command, calls_command, handshake_command}) {
    AddServerOptions(*command, server, transport);
  }
  for (CLI::App* command : {calls_command, handshake_command}) AddMeasureOptions(*command, server);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "trunkline-bench: %s\n", error.what());
    return 2;
  }
  server.transport = *TransportNamed(transport);
  if (demo_command->parsed()) return RunDemo(server, demo);
  if (calls_command->parsed()) return RunCalls(server, calls);
  return RunHandshakes(server, handshake);
}
