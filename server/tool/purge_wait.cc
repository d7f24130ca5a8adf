#include "server/tool/purge_wait.h"

#include <chrono>
#include <set>

#include "boost/asio/io_context.hpp"
#include "boost/asio/steady_timer.hpp"
#include "server/tool/answer_text.h"
#include "server/tool/progress.h"

namespace trunkline::tool {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kPause{200};

// An id that was given twice has two items.
std::int64_t CallsIn(const json::object& answer) {
  std::set<std::string> calls;
  const json::array* const items = List(answer, "items");
  if (items == nullptr) return 0;
  for (const json::value& item : *items) {
    if (!item.is_object()) continue;
    const Object object(item.get_object());
    if (object.Text("status") == "Purging") calls.insert(object.Text("call"));
  }
  calls.erase("");  // sessions without calls
  return static_cast<std::int64_t>(calls.size());
}

json::object JobRequest(const json::object& request, const std::string& job) {
  json::object asked;
  if (const json::value* const org = request.if_contains("org")) asked["org"] = *org;
  asked["job"] = job;
  return asked;
}

std::string PurgedText(const Object& job) {
  return "purged: " + std::to_string(job.Number("calls_erased")) + " calls\n";
}

}  // namespace

int AwaitPurge(Session& session, const json::object& request, const std::string& answer,
               bool json) {
  const auto purged = Parsed(answer);
  const std::string job = purged ? Object(*purged).Text("job") : "";
  if (job.empty()) return kOk;  // there was nothing to be erased
  const std::int64_t total = CallsIn(*purged);
  const std::string asked = json::serialize(JobRequest(request, job));
  boost::asio::io_context context;
  ProgressLine line(session.err, json ? 0 : session.around.columns);
  for (;;) {
    const auto said = session.client.Post("/control/v1/records/jobs/show", asked);
    const auto state = said.ok() ? Parsed(*said) : std::nullopt;
    if (!state) {
      line.Clear();
      return session.Fail(said.ok() ? Unreadable(session) : said.error());
    }
    const Object now(*state);
    if (now.Text("status") == "Purged") {
      line.Clear();
      session.out << (json ? *said : PurgedText(now)) << std::flush;
      return kOk;
    }
    line.Show(now.Number("calls_erased"), total);
    boost::asio::steady_timer(context, kPause).wait();
  }
}

}  // namespace trunkline::tool
