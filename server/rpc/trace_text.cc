#include "server/rpc/trace_text.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/rpc/error.h"

namespace trunkline::rpc {
namespace {

using book::TraceEvent;
using book::TraceKind;
using book::TraceParty;
using book::TraceWhat;

constexpr std::string_view kKinds[] = {"request", "result", "error", "update", "event"};
static_assert(std::size(kKinds) == book::kTraceKinds);

constexpr std::string_view kParties[] = {"", "caller", "callee", "stranger"};
static_assert(std::size(kParties) == book::kTraceParties);

// The name, and what `number` means there; empty: nothing.
struct What {
  std::string_view name, number, duration = "duration";
};
constexpr What kWhats[] = {
    {"phone.requestCall", "random_id"},
    {"phone.receivedCall", ""},
    {"phone.acceptCall", ""},
    {"phone.confirmCall", ""},
    {"phone.discardCall", "connection_id"},
    {"phone.sendSignalingData", "bytes"},
    {"phone.setCallRating", "rating"},
    {"phone.saveCallDebug", "bytes"},
    {"phone.saveCallLog", "bytes"},
    {"Bool", ""},
    {"updates", "updates"},
    {"phoneCallWaiting", ""},
    {"phoneCallRequested", ""},
    {"phoneCallAccepted", ""},
    {"phoneCall", "connections"},
    {"phoneCallDiscarded", ""},
    {"updatePhoneCallSignalingData", "bytes"},
    {"updateNewMessage", "pts"},
    {"rpc_error", "seconds"},
    {"deadline", ""},
    {"device_lost", ""},
    {"ended", ""},
    {"store_refused", ""},
    {"restarted", ""},
    {"relay_offered", "relay", "rtt_ms"},
    {"relay_left_out", "relay", "rtt_ms"},
};
static_assert(std::size(kWhats) == book::kTraceWhats);

constexpr std::string_view kWhys[] = {
    "",
    "unknown_call",
    "wrong_access_hash",
    "not_a_party",
    "wrong_device",
    "call_ended",
    "accepted_elsewhere",
    "accepted_here",
    "not_accepted",
    "not_confirmed",
    "already_confirmed",
    "user_unknown",
    "user_is_self",
    "user_is_bot",
    "blocked_by_callee",
    "privacy_of_callee",
    "bad_g_a_hash",
    "bad_g_a",
    "bad_g_b",
    "bad_protocol",
    "no_common_protocol",
    "callee_busy",
    "glare",
    "too_many_calls",
    "replaced_by_new_call",
    "receive_timeout",
    "ring_timeout",
    "connect_timeout",
    "longest_call",
    "signed_out",
    "peer_too_slow",
    "too_fast",
    "signalling_lost",
    "too_long",
    "not_json",
    "store_refused",
    "record_discarded",
};
static_assert(std::size(kWhys) == static_cast<std::size_t>(book::Why::kRelayBest));

std::string NameOf(book::Why why) {
  const auto number = static_cast<std::size_t>(why);
  if (number < std::size(kWhys)) return std::string(kWhys[number]);
  return std::string(picker::WhyName(static_cast<picker::Why>(number - std::size(kWhys))));
}

constexpr std::string_view kReasons[] = {
    "phoneCallDiscardReasonMissed", "phoneCallDiscardReasonDisconnect",
    "phoneCallDiscardReasonHangup", "phoneCallDiscardReasonBusy",
    "phoneCallDiscardReasonMigrateConferenceCall"};
constexpr std::string_view kStates[] = {"requested", "received", "accepted", "active", "ended"};

// Letters and numbers of devices in the order in which they appear.
class Labels {
 public:
  std::string Of(const TraceEvent& event) {
    if (!event.device || event.party == TraceParty::kServer) return "";
    if (event.party == TraceParty::kStranger) return "X";
    const bool caller = event.party == TraceParty::kCaller;
    std::vector<DeviceId>& seen = caller ? callers_ : callees_;
    auto at = std::find(seen.begin(), seen.end(), event.device);
    if (at == seen.end()) at = seen.insert(seen.end(), event.device);
    return absl::StrCat(caller ? "A" : "B", at - seen.begin() + 1);
  }

 private:
  std::vector<DeviceId> callers_, callees_;
};

std::string NameOf(const TraceEvent& event) {
  if (event.kind != TraceKind::kError) {
    return std::string(kWhats[static_cast<std::size_t>(event.what)].name);
  }
  const auto argument = static_cast<std::int32_t>(event.number);
  const RpcError error = ErrorOf(event.refusal, argument);
  std::string type(Info(error.type).type);
  const std::size_t place = type.find("%d");
  if (place != std::string::npos) type.replace(place, 2, absl::StrCat(error.argument));
  return type;
}

void AddFields(const TraceEvent& event, book::TraceLine& line) {
  const auto add = [&line](std::string_view name, std::string value) {
    line.fields.emplace_back(name, std::move(value));
  };
  const What& what = kWhats[static_cast<std::size_t>(event.what)];
  if (event.video) add("video", "true");
  if (event.reason) add("reason", std::string(kReasons[static_cast<std::size_t>(*event.reason)]));
  if (event.duration >= 0) add(what.duration, absl::StrCat(event.duration));
  if (!what.number.empty() && event.kind != TraceKind::kError && event.number != 0) {
    add(what.number, absl::StrCat(event.number));
  }
}

book::TraceLine Line(const TraceEvent& event, std::string device) {
  book::TraceLine line;
  line.at_ms = event.at_ms;
  line.kind = kKinds[static_cast<std::size_t>(event.kind)];
  const bool of_server = event.kind == TraceKind::kEvent;
  if (!of_server) {
    line.party = kParties[static_cast<std::size_t>(event.party)];
    line.device = device;
  }
  line.name = NameOf(event);
  line.reason = NameOf(event.why);
  line.count = event.count;
  AddFields(event, line);
  if (of_server && !device.empty()) line.fields.emplace_back("device", std::move(device));
  return line;
}

}  // namespace

book::Trace DescribeTrace(CallId call, const book::Book::CallSummary& summary,
                          const book::CallTrace& trace) {
  book::Trace told;
  told.call = call;
  told.caller = summary.caller;
  told.callee = summary.callee;
  told.state = kStates[static_cast<std::size_t>(summary.state)];
  told.cut = trace.cut;
  Labels labels;
  for (const TraceEvent& event : trace.events) told.lines.push_back(Line(event, labels.Of(event)));
  return told;
}

book::TraceLine DescribeLine(const TraceEvent& event) {
  const auto id = static_cast<std::uint64_t>(event.device.value());
  return Line(event, event.device ? absl::StrFormat("%016x", id) : "");
}

}  // namespace trunkline::rpc
