// orgs, users, keys, calls: what the back office's records are asked and told by hand.

#include <CLI/CLI.hpp>
#include <limits>
#include <memory>

#include "boost/json.hpp"
#include "server/tool/command.h"
#include "server/tool/password.h"
#include "server/tool/purge_wait.h"
#include "server/tool/records_text.h"

namespace trunkline::tool {
namespace {

namespace json = boost::json;

using TextOf = std::optional<std::string> (*)(const std::string& answer);

// One subcommand: its options are the members of the request.
class RecordVerb {
 public:
  RecordVerb(CLI::App* group, const char* name, const char* help)
      : command_(group->add_subcommand(name, help)), target_(group->get_name() + "/" + name) {
    command_->add_flag("--json", options_->json, "as the server says it");
  }
  RecordVerb& InOrg() {
    Option("--org", "org", "name or id of the organization; else \"default\"");
    return *this;
  }
  RecordVerb& Option(const char* flag, const char* member, const char* help, bool needed = false) {
    command_->add_option_function<std::string>(flag, Set<std::string>(member), help)
        ->required(needed);
    return *this;
  }
  RecordVerb& Number(const char* flag, const char* member, const char* help) {
    command_->add_option_function<std::int64_t>(flag, Set<std::int64_t>(member), help)
        ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
    return *this;
  }
  RecordVerb& Flag(const char* flag, const char* member, const char* help) {
    command_->add_flag_callback(
        flag, [options = options_, member] { options->request[member] = true; }, help);
    return *this;
  }
  RecordVerb& Texts(const char* flag, const char* member, const char* help) {
    command_->add_option_function<std::vector<std::string>>(
        flag,
        [options = options_, member](const std::vector<std::string>& texts) {
          json::array array;
          for (const std::string& text : texts) array.push_back(json::value(text));
          options->request[member] = std::move(array);
        },
        help);
    return *this;
  }
  // Until the purge that was asked for is done.
  RecordVerb& Waits(const char* flag, const char* help) {
    command_->add_flag(flag, options_->wait, help);
    return *this;
  }
  // One of those options has to be there, and only one.
  RecordVerb& OneOf(const std::vector<std::string>& flags) {
    auto* const choice = command_->add_option_group("what");
    for (const std::string& flag : flags) choice->add_option(command_->get_option(flag));
    choice->require_option(1);
    return *this;
  }
  void Prints(Action& action, TextOf text_of) const {
    command_->callback([options = options_, target = target_, text_of, &action] {
      action = [options, target, text_of](Session& session) {
        return Ask(session, *options, target, text_of);
      };
    });
  }

 private:
  struct Options {
    json::object request;
    bool json = false, wait = false;
  };

  template <class T>
  std::function<void(const T&)> Set(const char* member) const {
    return [options = options_, member](const T& value) {
      options->request[member] = json::value(value);
    };
  }
  static int Ask(Session& session, const Options& options, const std::string& target,
                 TextOf text_of) {
    const auto answer =
        session.client.Post("/control/v1/records/" + target, json::serialize(options.request));
    if (!answer.ok()) return session.Fail(answer.error());
    const auto text = options.json ? std::optional(*answer) : text_of(*answer);
    if (!text) return session.Fail(Unreadable(session));
    session.out << *text << std::flush;
    if (!options.wait) return kOk;
    return AwaitPurge(session, options.request, *answer, options.json);
  }

  CLI::App* const command_;
  const std::string target_;
  const std::shared_ptr<Options> options_ = std::make_shared<Options>();
};

CLI::App* Group(CLI::App& app, const char* name, const char* help) {
  CLI::App* const group = app.add_subcommand(name, help);
  group->require_subcommand(1);
  return group;
}

void AddCalls(CLI::App& app, Action& action) {
  CLI::App* const calls = Group(app, "calls", "records of calls");
  RecordVerb(calls, "list", "the newest ones")
      .InOrg()
      .Option("--search", "search", "in numbers and the owner's name")
      .Number("--limit", "limit", "how many at most")
      .Number("--offset", "offset", "how many to leave out first")
      .Prints(action, CallTableText);
  RecordVerb(calls, "show", "one of them")
      .InOrg()
      .Option("CALL", "call", "its id", true)
      .Prints(action, PropertiesText);
  RecordVerb(calls, "discard", "deletes a record; a call that lives is hung up first")
      .InOrg()
      .Option("CALL", "call", "its id", true)
      .Option("--contact", "contact", "the contact that was made for it")
      .Flag("--delete-contact", "delete_contact", "deletes that too if nothing else needs it")
      .Prints(action, PropertiesText);
  RecordVerb(calls, "purge", "erases all data of calls")
      .InOrg()
      .Texts("CALLS", "calls", "their ids")
      .Texts("--session", "sessions", "all calls of these sessions")
      .Option("--number", "number", "all calls with this customer")
      .OneOf({"CALLS", "--session", "--number"})
      .Flag("--what-if", "what_if", "only says what would be erased")
      .Waits("--wait", "until all of it is erased, and shows how far that is")
      .Prints(action, PurgeText);
}

}  // namespace

void AddRecords(CLI::App& app, Action& action) {
  CLI::App* const orgs = Group(app, "orgs", "organizations that calls belong to");
  RecordVerb(orgs, "list", "all of them").Prints(action, OrgTableText);
  RecordVerb(orgs, "add", "makes one")
      .Option("--name", "name", "as people call it", true)
      .Prints(action, PropertiesText);
  CLI::App* const users = Group(app, "users", "who belongs to an organization");
  RecordVerb(users, "list", "all of them").InOrg().Prints(action, UserTableText);
  RecordVerb(users, "add", "puts somebody into an organization, whether or not they ever signed in")
      .InOrg()
      .Option("--phone", "phone", "the number to sign in with", true)
      .Option("--name", "name", "in full", true)
      .Option("--email", "email", "to log in with at the back office")
      .Option("--role", "role", "admin, who may purge, or member")
      .Prints(action, PropertiesText);
  AddPassword(users, action);
  CLI::App* const keys = Group(app, "keys", "what HTTP clients show");
  RecordVerb(keys, "create", "makes a key of each kind and shows them once")
      .InOrg()
      .Option("--scopes", "scopes", "what they may do, as calls:read,notes:write", true)
      .Number("--ttl", "ttl_s", "seconds that the token lives")
      .Option("--user", "user", "number of the user whose keys they are")
      .Prints(action, PropertiesText);
  RecordVerb(keys, "list", "all of them, without secrets").InOrg().Prints(action, KeyTableText);
  RecordVerb(keys, "revoke", "makes one useless at once")
      .InOrg()
      .Option("KEY", "id", "its id", true)
      .Prints(action, PropertiesText);
  AddCalls(app, action);
}

}  // namespace trunkline::tool
