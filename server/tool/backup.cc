#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "boost/json.hpp"
#include "server/tool/command.h"

namespace trunkline::tool {
namespace {

namespace json = boost::json;

int Backup(Session& session, const std::string& file) {
  // The server has a working directory of its own.
  const std::string path = std::filesystem::absolute(file).string();
  const auto answer =
      session.client.Post("/control/v1/backup", json::serialize(json::object{{"path", path}}));
  if (!answer.ok()) return session.Fail(answer.error());
  json::error_code error;
  const json::value done = json::parse(*answer, error);
  const json::value* bytes = error ? nullptr : done.find_pointer("/bytes", error);
  const json::value* ms = error ? nullptr : done.find_pointer("/ms", error);
  if (bytes == nullptr || ms == nullptr) {
    return session.Fail({session.client.data_dir() + ": the server's answer can't be read"});
  }
  session.out << path << ": " << json::serialize(*bytes) << " bytes in " << json::serialize(*ms)
              << " ms" << std::endl;
  return kOk;
}

}  // namespace

void AddBackup(CLI::App& app, Action& action) {
  const auto file = std::make_shared<std::string>();
  CLI::App* const command =
      app.add_subcommand("backup", "copy the database to a new file while the server runs");
  command->add_option("FILE", *file, "must not exist yet")->required();
  command->callback(
      [file, &action] { action = [file](Session& session) { return Backup(session, *file); }; });
}

}  // namespace trunkline::tool
