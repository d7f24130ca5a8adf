// What a crash test counts, and what it found wrong. Shared by its threads.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace trunkline::e2e {

// What a client can be told that must then be true for ever.
enum class Told { kRequest, kReceived, kAccept, kConfirm, kEnd, kMessage, kSignIn };
inline constexpr int kToldCount = 7;

class CrashTotals {
 public:
  void Acknowledged(Told what);
  void Lost(std::string what) { Note(lost_, "lost: " + std::move(what)); }
  void Doubled(std::string what) { Note(doubled_, "doubled: " + std::move(what)); }
  // Neither, but not as it should be either.
  void Wrong(std::string what) { Note(wrong_, "wrong: " + std::move(what)); }
  void Verified(std::uint64_t count = 1) { verified_ += count; }

  // Whether a lost connection is what the test wanted.
  void ExpectCrash(bool expected) { crash_expected_ = expected; }
  void ConnectionLost(const std::string& who, const std::string& failure);

  // Until this many were acknowledged altogether; false when the deadline came first.
  bool AwaitAcknowledged(std::uint64_t count, std::chrono::microseconds patience);

  std::uint64_t acknowledged() const;
  std::uint64_t acknowledged(Told what) const { return told_[static_cast<int>(what)]; }
  std::uint64_t verified() const { return verified_; }
  std::uint64_t lost() const { return lost_; }
  std::uint64_t doubled() const { return doubled_; }
  // The first findings of any kind, a line each; empty when all held.
  std::string Findings() const;

 private:
  void Note(std::atomic<std::uint64_t>& count, std::string finding);

  std::atomic<std::uint64_t> told_[kToldCount] = {};
  std::atomic<std::uint64_t> verified_ = 0, lost_ = 0, doubled_ = 0, wrong_ = 0;
  std::atomic<bool> crash_expected_ = false;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> findings_;
};

}  // namespace trunkline::e2e
