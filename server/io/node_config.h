// What the MTProto side of the server needs to run, as values; server/config.h reads it from file
// and flags.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/config/values.h"
#include "common/crypto/tls.h"
#include "common/ids.h"
#include "common/time.h"
#include "server/book/book.h"

namespace trunkline::io {

using trunkline::HostPort;

// Bounds of one link and of all.
struct LinkLimits {
  std::size_t connections_max = 100'000;
  std::size_t connections_per_address_max = 20'000;
  // From accept to the end of the first whole packet.
  Duration first_packet_timeout = std::chrono::seconds(30);
  // Between whole packets. Clients ping at least every few minutes.
  Duration idle_timeout = std::chrono::minutes(10);
  // How often the two above are looked at.
  Duration sweep_interval = std::chrono::seconds(1);
  // Bytes that wait for a slow client: above half we stop reading from it, above all of it we
  // close.
  std::size_t outbox_bytes_max = 1024 * 1024;
};

enum class Durability { kFsync, kOs, kNone };

// How login codes reach people; at most one is set.
struct CodeDeliveryConfig {
  std::string command;  // path of a program; gets "PHONE CODE\n" on its standard input
  std::string webhook;  // http:// or https://HOST:PORT/PATH; gets {"phone":..., "code":...}
  std::shared_ptr<const crypto::TlsClient> trust = nullptr;  // whom of https:// to believe
  Duration timeout = std::chrono::seconds(10);
  bool enabled() const { return !command.empty() || !webhook.empty(); }
};

struct NodeConfig {
  std::string data_dir;
  std::vector<HostPort> listen;
  std::vector<HostPort> advertise;  // for help.getConfig; empty: the listeners
  unsigned threads = 1;
  unsigned crypto_threads = 1;
  DcId dc{2};
  Durability durability = Durability::kFsync;
  Duration keep_traces = std::chrono::hours(7 * 24);  // of ended calls
  bool test_clock = false;                            // Book::SetTestClock, and scripted faults
  LinkLimits limits;
  CodeDeliveryConfig code;
  bool relays_register = false;  // else an empty list of relays gets one on the advertised address
  // code_delivery is set from `code`.
  book::BookConfig book;
};

// Where the relay of this project listens unless told otherwise.
inline constexpr std::uint16_t kDefaultRelayPort = 4431;

}  // namespace trunkline::io
