// The reflector: forwards the packets of calls between their two sides. Pure; one per thread, which
// owns it. A packet is rewritten in the buffer that it arrived in; nothing is allocated in a step.
//
// Whoever sends no genuine tag gets no answer. A side's address is learned from what it sends; its
// packets go to the other side under the tag that the other side was issued. The relay can't read
// media, but the connectivity checks of tgcalls cross it in clear and show the quality of each leg.
// All calls survive a new reflector: the next packet of each side brings the session back.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/bytes.h"
#include "common/time.h"
#include "relay/drop.h"
#include "relay/endpoint.h"
#include "relay/limits.h"
#include "relay/packet.h"
#include "relay/rate.h"
#include "relay/session_table.h"
#include "relay/tag.h"

namespace trunkline::relay {

// The two clocks of a step: a steady one for periods, the wall's for dates and expiry.
struct Moment {
  std::uint64_t micros = 0;
  WallTime wall{};
  std::uint32_t millis() const { return static_cast<std::uint32_t>(micros / 1000); }
};

// What to do with the buffer: send its first `size` bytes to `to`, or nothing.
struct Verdict {
  Drop drop = Drop::kNone;
  std::uint32_t size = 0;
  Endpoint to;
  bool send() const { return drop == Drop::kNone; }
};

enum class EndReason : std::uint8_t { kIdle, kTooLong, kDenied };

// What is known of one call, live or ended.
struct FlowSummary {
  struct Leg {
    std::uint64_t bytes = 0;  // forwarded from this side, whole datagrams
    std::uint32_t packets = 0;
    std::uint32_t hellos = 0;
    WallTime first{}, last{};  // of those packets; the epoch when there was none
    LegQuality quality;
    std::uint8_t ports = 0;
    bool tcp = false;  // a port of this side is a TCP connection
  };
  CallKey key = 0;
  WallTime began{};
  WallTime ended{};  // the epoch: it lives
  EndReason reason = EndReason::kIdle;
  std::array<Leg, 2> legs;  // caller, callee
};

struct Counters {
  std::uint64_t packets_in = 0, bytes_in = 0;
  std::uint64_t packets_forwarded = 0, bytes_forwarded = 0;
  std::uint64_t answers = 0;
  std::uint64_t sessions_started = 0;
  std::uint64_t moves = 0;
  std::uint64_t summaries_lost = 0;  // nobody took them in time
  std::array<std::uint64_t, kDropCount> dropped{};
};

class Reflector {
 public:
  // `verifier` outlives the reflector or its successor's SetVerifier; `seed` is random.
  Reflector(const Limits& limits, const TagVerifier* verifier, std::uint64_t seed);

  // One datagram or one frame of a TCP connection (from.transport says which): `size` bytes at the
  // start of `buffer`, which has room for kBufferBytes.
  Verdict Receive(ByteSpan buffer, std::size_t size, const Endpoint& from, const Moment& now);

  // Ends what has been idle or too long. Each call looks at a slice of the table; 50 see all of it.
  // The shell calls it ten times a second.
  void Tick(const Moment& now);

  // New keys. Calls that are known go on, whatever became of their key.
  void SetVerifier(const TagVerifier* verifier) { verifier_ = verifier; }
  // Cuts a call and refuses it until its tags have expired. False: the list is full.
  bool Deny(CallKey key, const Moment& now);

  // Summaries of calls that ended since the last time, at most kSummariesMax.
  void TakeSummaries(std::vector<FlowSummary>& out);
  // Of live calls: places from..from+count of the table, for reports in slices. Returns where to go
  // on, 0 when all have been seen.
  std::uint32_t LiveSummaries(std::uint32_t from, std::uint32_t count, const Moment& now,
                              std::vector<FlowSummary>& out);

  const Counters& counters() const { return counters_; }
  std::uint32_t sessions() const { return table_.size(); }
  const SessionTable& table() const { return table_; }

  static constexpr std::size_t kSummariesMax = 4096;
  static constexpr std::size_t kDeniedMax = 1024;

 private:
  // A packet whose tag is genuine, on its way through one step.
  struct Arrival {
    ByteSpan buffer;
    std::size_t size;
    const Endpoint& from;
    const Moment& now;
    Session* session = nullptr;
    SideState* own = nullptr;
    SideState* other = nullptr;
    bool is_ping = false;
    StunCheck check{};
    ByteView packet() const { return ByteView(buffer).first(size); }
  };

  Verdict Route(Arrival& arrival);
  Verdict Dropped(Drop drop);
  Verdict Answer(const Arrival& arrival, std::size_t size);
  Verdict AnswerStun(Arrival& arrival);
  Verdict AnswerProbe(Arrival& arrival);
  Verdict TakePing(Arrival& arrival);
  Verdict TakePeerInfo(Arrival& arrival);
  Verdict TakeKeepAlive(Arrival& arrival);
  Verdict TakeData(Arrival& arrival);
  Verdict TakePortData(Arrival& arrival);
  Verdict Forward(Arrival& arrival, std::uint32_t tail, std::size_t header_bytes);

  Drop Identify(Arrival& arrival);
  Drop Verify(const Arrival& arrival, std::optional<VerifiedTag>& verified);
  Drop Admit(Arrival& arrival, CallKey key);
  Drop Register(Arrival& arrival, std::uint32_t tail, Port*& port);
  Drop AddPort(Arrival& arrival, std::uint32_t tail, Port*& port);
  bool ForgetSilentPort(SideState& side, const Moment& now);
  bool MayMove(Arrival& arrival, const Port& port);
  void Move(Arrival& arrival, Port& port);
  void Heard(Arrival& arrival, Port& port);
  void NoteAnswer(Arrival& arrival, Port& port);
  void NoteRequest(Arrival& arrival, Port& to);

  void Sweep(Session& session, const Moment& now);
  void End(Session& session, EndReason reason, const Moment& now);
  FlowSummary SummaryOf(Session& session, const Moment& now);
  bool IsDenied(CallKey key) const;

  Limits limits_;
  const TagVerifier* verifier_;
  SessionTable table_;
  SourceBudgets bad_tags_, new_sessions_, stun_;
  Counters counters_;
  std::vector<CallKey> denied_;
  std::vector<FlowSummary> ended_;
  std::uint32_t next_place_ = 0;
  std::uint64_t load_bytes_ = 0;  // bytes_in when the current second of load began
  std::uint32_t load_from_ms_ = 0;
  bool overloaded_ = false;
};

}  // namespace trunkline::relay
