// What calls teach the picker.
#include <algorithm>
#include <cmath>

#include "server/picker/picker.h"

namespace trunkline::picker {
namespace {

// So many measurements of one leg are one observation of it.
constexpr float kRttSamplesOfOne = 10;
// A preference says only that a sum is larger than another: it counts less than a measurement.
constexpr float kPreferenceSamples = 0.3F;
constexpr int kRatingBad = 2;

bool IsSaneSummary(const LegSummary& leg) {
  return std::isfinite(leg.rtt_ms) && leg.rtt_ms >= 0 && std::isfinite(leg.loss) && leg.loss >= 0 &&
         leg.loss <= 1;
}

std::int8_t IndexIn(const Offer& offer, EntryId id) {
  for (std::uint8_t i = 0; i < offer.count; ++i) {
    if (offer.entries[i].id == id) return static_cast<std::int8_t>(i);
  }
  return -1;
}

bool IsMedia(const FlowSummary& flow) {
  const float seconds = std::chrono::duration<float>(flow.duration).count();
  return flow.packets > 0 &&
         static_cast<float>(flow.packets) >= kMediaPacketsPerSecond * std::max(seconds, 1.0F);
}

}  // namespace

void Picker::LearnLeg(std::size_t index, const Client& client, const LegSummary& leg,
                      WallTime now) {
  if (leg.rtt_samples == 0) return;
  Entry& entry = fleet_.at(index);
  const std::size_t site = entry.site;
  const float samples = std::min(1.0F, static_cast<float>(leg.rtt_samples) / kRttSamplesOfOne);
  const float rtt = std::min(leg.rtt_ms, kRttMsMax);
  prediction_.PredictSite(client, now, site, caller_legs_);
  const float more_ms = rtt - caller_legs_.rtt_ms[site];
  const float more_loss = leg.loss - caller_legs_.loss[site];
  prediction_.Observe(client, site, {rtt, leg.loss, samples}, now);
  entry.offset.Learn(more_ms, more_loss, samples, now);
}

bool Picker::OnFlow(Assignment& assignment, const FlowSummary& flow, WallTime now) {
  const std::int8_t slot = IndexIn(assignment.offer, flow.relay);
  const auto index = fleet_.IndexOf(flow.relay);
  ++stats_.flows;
  if (slot < 0 || !index || !IsSaneSummary(flow.caller) || !IsSaneSummary(flow.callee)) {
    ++stats_.flows_refused;
    return false;
  }
  LearnLeg(*index, assignment.who.caller, flow.caller, now);
  LearnLeg(*index, assignment.who.callee, flow.callee, now);
  const bool hello = flow.caller.hello || flow.callee.hello;
  if (hello && flow.packets == 0) fleet_.NoteOutcome(*index, true, now);
  if (IsMedia(flow) && flow.packets > assignment.carrier_packets) {
    const bool counted = assignment.counted;
    if (counted) Count(assignment, -1);
    assignment.carrier = slot;
    assignment.carrier_packets = flow.packets;
    if (counted) Count(assignment, 1);
  }
  return true;
}

// Winner and losers of one client's own measurements: where the prediction says otherwise, it moves
// a little towards what the client found.
void Picker::LearnPreference(const Assignment& assignment, std::size_t winner, WallTime now) {
  const Offer& offer = assignment.offer;
  prediction_.Predict(assignment.who.caller, now, fleet_.sites(), caller_legs_);
  prediction_.Predict(assignment.who.callee, now, fleet_.sites(), callee_legs_);
  const auto won = fleet_.IndexOf(offer.entries[winner].id);
  if (!won) return;
  const std::size_t at = fleet_.at(*won).site;
  const float best = caller_legs_.rtt_ms[at] + callee_legs_.rtt_ms[at];
  for (std::size_t i = 0; i < offer.count; ++i) {
    const auto lost = fleet_.IndexOf(offer.entries[i].id);
    if (i == winner || !lost || offer.entries[i].kind != offer.entries[winner].kind) continue;
    const std::size_t site = fleet_.at(*lost).site;
    const float wrong = best - caller_legs_.rtt_ms[site] - callee_legs_.rtt_ms[site];
    if (wrong <= 0) continue;
    const auto move = [&](const Client& client, const Legs& legs, std::size_t where, float by) {
      prediction_.Observe(client, where,
                          {legs.rtt_ms[where] + by, legs.loss[where], kPreferenceSamples}, now);
    };
    move(assignment.who.caller, caller_legs_, at, -wrong / 4);
    move(assignment.who.callee, callee_legs_, at, -wrong / 4);
    move(assignment.who.caller, caller_legs_, site, wrong / 4);
    move(assignment.who.callee, callee_legs_, site, wrong / 4);
  }
}

void Picker::LearnHint(Assignment& assignment, std::int64_t connection_id, Duration duration,
                       WallTime now) {
  const ConnectionHint hint = ReadConnectionId(connection_id, assignment.offer);
  switch (hint.kind) {
    case ConnectionHint::Kind::kNone:
      ++stats_.hints_none;
      return;
    case ConnectionHint::Kind::kForeign:
      ++stats_.hints_foreign;
      return;
    case ConnectionHint::Kind::kOffered:
      break;
  }
  ++stats_.hints_offered;
  stats_.hints_tcp += hint.tcp ? 1 : 0;
  // What the relays themselves counted is the better witness.
  if (assignment.carrier < 0) assignment.carrier = hint.index;
  // Over TCP the client doubles what it measures, so nothing follows for the others.
  if (duration < kPreferenceAfter || hint.tcp) return;
  LearnPreference(assignment, static_cast<std::size_t>(hint.index), now);
}

void Picker::OnEnd(Assignment& assignment, const CallEnd& end, WallTime now) {
  if (!assignment.counted) return;
  Count(assignment, -1);
  assignment.counted = false;
  if (end.duration <= Duration::zero()) return;
  durations_.Add(end.duration);
  LearnHint(assignment, end.caller_connection, end.duration, now);
  LearnHint(assignment, end.callee_connection, end.duration, now);
  if (assignment.carrier < 0) return;
  const auto index =
      fleet_.IndexOf(assignment.offer.entries[static_cast<std::size_t>(assignment.carrier)].id);
  if (!index) return;
  const bool is_short = end.duration < kBrokenWithin;
  if (is_short && end.ending != Ending::kDisconnect) return;
  fleet_.NoteOutcome(*index, is_short, now);
}

void Picker::OnRating(const Assignment& assignment, int stars, std::uint32_t tags, WallTime now) {
  ++stats_.ratings;
  if (assignment.carrier < 0) return;
  const auto index =
      fleet_.IndexOf(assignment.offer.entries[static_cast<std::size_t>(assignment.carrier)].id);
  const bool bad = stars <= kRatingBad && (tags & kRatingOfNetwork) != 0;
  if (index && (bad || stars > kRatingBad)) fleet_.NoteOutcome(*index, bad, now);
}

}  // namespace trunkline::picker
