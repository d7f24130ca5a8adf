#include "server/book/trace_event.h"

#include <algorithm>

namespace trunkline::book {
namespace {

// 2: Why::kRecordDiscarded came before those of the picker.
constexpr std::uint8_t kVersion = 2;
// How far back an alike line is looked for.
constexpr std::size_t kAlikeWithin = 4;

// Which of the optional members follow.

constexpr std::uint64_t kHasReason = 1;
constexpr std::uint64_t kVideo = 2;
constexpr std::uint64_t kHasCount = 4;
constexpr std::uint64_t kHasNumber = 8;
constexpr std::uint64_t kHasDuration = 16;
constexpr std::uint64_t kHasDevice = 32;
constexpr std::uint64_t kHasWhy = 64;
constexpr std::uint64_t kHasRefusal = 128;

void Put(Bytes& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

// Reads with bounds; after a fault everything is 0 and `good` is false.
struct Source {
  ByteView rest;
  bool good = true;

  std::uint64_t Take() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest.empty()) break;
      const std::uint8_t byte = rest.front();
      rest = rest.subspan(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    good = false;
    return 0;
  }
  template <class T>
  T TakeBelow(int bound) {
    const std::uint64_t value = Take();
    if (value >= static_cast<std::uint64_t>(bound)) good = false;
    return good ? static_cast<T>(value) : T{};
  }
};

std::uint64_t BitsOf(const TraceEvent& event) {
  return (event.reason ? kHasReason : 0) | (event.video ? kVideo : 0) |
         (event.count != 1 ? kHasCount : 0) | (event.number != 0 ? kHasNumber : 0) |
         (event.duration >= 0 ? kHasDuration : 0) | (event.device ? kHasDevice : 0) |
         (event.why != Why::kNone ? kHasWhy : 0) |
         (event.refusal != Refusal::kNone ? kHasRefusal : 0);
}

void Put(Bytes& out, const TraceEvent& event, std::int64_t since_ms) {
  const std::uint64_t bits = BitsOf(event);
  Put(out, bits);
  Put(out, static_cast<std::uint64_t>(std::max<std::int64_t>(event.at_ms - since_ms, 0)));
  Put(out, static_cast<std::uint64_t>(event.kind));
  Put(out, static_cast<std::uint64_t>(event.party));
  Put(out, static_cast<std::uint64_t>(event.what));
  if (bits & kHasDevice) Put(out, static_cast<std::uint64_t>(event.device.value()));
  if (bits & kHasWhy) Put(out, static_cast<std::uint64_t>(event.why));
  if (bits & kHasRefusal) Put(out, static_cast<std::uint64_t>(event.refusal));
  if (bits & kHasReason) Put(out, static_cast<std::uint64_t>(*event.reason));
  if (bits & kHasCount) Put(out, static_cast<std::uint64_t>(event.count));
  if (bits & kHasNumber) Put(out, static_cast<std::uint64_t>(event.number));
  if (bits & kHasDuration) Put(out, static_cast<std::uint64_t>(event.duration));
}

Why TakeWhy(Source& from, std::uint64_t version) {
  const int number = from.TakeBelow<int>(kWhys);
  const bool shifted = version == 1 && number >= static_cast<int>(Why::kRecordDiscarded);
  if (shifted && number == kWhys - 1) from.good = false;
  return from.good ? static_cast<Why>(number + (shifted ? 1 : 0)) : Why::kNone;
}

TraceEvent Take(Source& from, std::uint64_t version, std::int64_t since_ms) {
  constexpr int kReasons = static_cast<int>(call::Reason::kMigrateConferenceCall) + 1;
  constexpr int kRefusals = static_cast<int>(Refusal::kInternal) + 1;
  TraceEvent event;
  const std::uint64_t bits = from.Take();
  event.at_ms = since_ms + static_cast<std::int64_t>(from.Take() & 0xffffffffffff);
  event.kind = from.TakeBelow<TraceKind>(kTraceKinds);
  event.party = from.TakeBelow<TraceParty>(kTraceParties);
  event.what = from.TakeBelow<TraceWhat>(kTraceWhats);
  event.video = (bits & kVideo) != 0;
  if (bits & kHasDevice) event.device = DeviceId(static_cast<std::int64_t>(from.Take()));
  if (bits & kHasWhy) event.why = TakeWhy(from, version);
  if (bits & kHasRefusal) event.refusal = from.TakeBelow<Refusal>(kRefusals);
  if (bits & kHasReason) event.reason = from.TakeBelow<call::Reason>(kReasons);
  if (bits & kHasCount) event.count = from.TakeBelow<std::int32_t>(INT32_MAX);
  if (bits & kHasNumber) event.number = static_cast<std::int64_t>(from.Take());
  if (bits & kHasDuration) event.duration = from.TakeBelow<std::int32_t>(INT32_MAX);
  return event;
}

bool Alike(const TraceEvent& a, const TraceEvent& b) {
  return a.what == b.what && a.kind == b.kind && a.device == b.device && a.why == b.why &&
         a.refusal == b.refusal;
}

// What a call may have thousands of.
bool Repeats(const TraceEvent& event) {
  return event.what == TraceWhat::kSendSignallingData || event.what == TraceWhat::kBool ||
         event.what == TraceWhat::kUpdateSignallingData || event.what == TraceWhat::kStoreRefused ||
         event.kind == TraceKind::kError;
}

}  // namespace

void CallTrace::Add(const TraceEvent& event) {
  if (Repeats(event)) {
    const std::size_t look = std::min(kAlikeWithin, events.size());
    const auto alike = std::find_if(events.rbegin(), events.rbegin() + static_cast<long>(look),
                                    [&](const TraceEvent& other) { return Alike(event, other); });
    if (alike != events.rbegin() + static_cast<long>(look)) {
      if (alike->count < INT32_MAX - 1) ++alike->count;
      return;
    }
  }
  if (events.size() == kTraceEventsMax) {
    events.erase(events.begin() + kTraceEventsKept);
    cut = true;
  }
  events.push_back(event);
}

Bytes EncodeTrace(const CallTrace& trace) {
  Bytes out;
  out.reserve(16 + trace.events.size() * 20);
  out.push_back(kVersion);
  out.push_back(trace.cut ? 1 : 0);
  Put(out, trace.events.size());
  std::int64_t since_ms = 0;
  for (const TraceEvent& event : trace.events) {
    Put(out, event, since_ms);
    since_ms = std::max(since_ms, event.at_ms);
  }
  return out;
}

std::optional<CallTrace> DecodeTrace(ByteView bytes) {
  Source from{bytes};
  CallTrace trace;
  const std::uint64_t version = from.Take();
  if (version < 1 || version > kVersion) return std::nullopt;
  trace.cut = from.TakeBelow<int>(2) == 1;
  const auto count = from.TakeBelow<std::size_t>(static_cast<int>(kTraceEventsMax) + 1);
  std::int64_t since_ms = 0;
  for (std::size_t i = 0; i < count && from.good; ++i) {
    trace.events.push_back(Take(from, version, since_ms));
    since_ms = std::max(since_ms, trace.events.back().at_ms);
  }
  if (!from.good || !from.rest.empty()) return std::nullopt;
  return trace;
}

}  // namespace trunkline::book
