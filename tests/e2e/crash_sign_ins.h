// People who sign in while the server is killed again and again: a key that was made is known, a
// sign-in that was acknowledged holds, and a number has one user. One thread, straight-line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/e2e/crash_totals.h"
#include "tests/e2e/device.h"

namespace trunkline::e2e {

class CrashSignIns {
 public:
  // `totals` is borrowed.
  CrashSignIns(std::uint64_t seed, load::ClientOptions options, CrashTotals* totals);

  // One sign-in after the other, until the connection is lost or something is wrong.
  void Run();
  // After a crash: those since the last one, and some of the older ones.
  void Check();
  void CheckAll();

 private:
  struct SignedIn {
    load::ClientKey key;
    std::string number;
    load::Contact user;
  };

  bool SignInOne();
  bool CheckOne(const SignedIn& one);
  bool Lost(Device& device, const std::string& number, const std::string& what);

  SeededEntropy choices_;
  SystemEntropy entropy_;
  load::ClientOptions options_;
  CrashTotals* totals_;
  boost::asio::io_context io_{1};
  std::vector<SignedIn> signed_in_;
  std::size_t checked_ = 0;
  int numbers_ = 0;
  std::optional<load::Contact> first_device_;  // the number's user, before its second device
  bool broken_ = false;
};

}  // namespace trunkline::e2e
