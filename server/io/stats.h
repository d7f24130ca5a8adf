// Counters and gauges of the whole process, written by the loops and read by the metrics page.
// Relaxed everywhere: nothing is decided by them.
#pragma once

#include <atomic>
#include <cstdint>

namespace trunkline::io {

struct Counter {
  std::atomic<std::uint64_t> value = 0;
  void Add(std::uint64_t n = 1) { value.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t Get() const { return value.load(std::memory_order_relaxed); }
};
struct Gauge {
  std::atomic<std::int64_t> value = 0;
  void Add(std::int64_t n) { value.fetch_add(n, std::memory_order_relaxed); }
  void Set(std::int64_t n) { value.store(n, std::memory_order_relaxed); }
  std::int64_t Get() const { return value.load(std::memory_order_relaxed); }
};

struct Stats {
  Gauge connections;
  Counter connections_accepted;
  Counter connections_refused;  // over a bound
  Counter links_closed_by_us;   // slow, silent or malformed
  Gauge sessions;
  Gauge keys;
  Counter handshakes_finished;
  Counter handshakes_refused;  // the crypto pool was full
  Counter packets_received;
  Counter packets_sent;
  Counter commands;
  Counter commands_refused;  // the book's mailbox was full
  Counter groups_committed;
  Counter groups_refused;  // the store couldn't take them
  Counter facts;
  Gauge journal_unprojected;
  Gauge users;
  Gauge calls_live;
  Gauge book_alive_unix;  // seconds; when the book's loop last ran
  Counter codes_delivered;
  Counter codes_failed;
  std::atomic<bool> store_available = false;
  std::atomic<bool> draining = false;
};

}  // namespace trunkline::io
