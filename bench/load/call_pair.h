// Two phones that call each other over two connections: set up once, then one call after the other.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>

#include "bench/load/client.h"
#include "bench/load/phone.h"

namespace trunkline::load {

struct PairOptions {
  ClientOptions caller{}, callee{};
  std::string caller_number, callee_number, code;
  PhoneScript script{};
  std::chrono::seconds patience{20};  // for the set-up, and for each call
};

class CallPair {
 public:
  // An empty text when everything held.
  using Finished = std::function<void(const std::string& failure)>;

  CallPair(boost::asio::io_context& io, PairOptions options, Entropy* entropy);

  // Connects both, signs both in, makes them find each other.
  void SetUp(Finished finished);
  // One call from request to discard. Ends when both phones have seen its end.
  void Call(Finished finished);

  Client& caller_client() { return caller_client_; }
  Client& callee_client() { return callee_client_; }
  Phone& caller() { return caller_; }
  Phone& callee() { return callee_; }
  std::uint64_t checks() const { return caller_.checks() + callee_.checks(); }

 private:
  void Begin(Finished finished, int parts);
  // One of the parts that Begin counted is done.
  void Part(const char* who, const std::string& failure);
  void SignIn(Client& client, Phone& phone, const std::string& number, const char* who);
  void Acquaint();
  void End(const std::string& failure);

  PairOptions options_;
  Client caller_client_, callee_client_;
  Phone caller_, callee_;
  boost::asio::steady_timer timer_;
  Finished finished_;
  std::function<void()> next_;  // after all parts; empty: the end
  int parts_ = 0;
  std::uint64_t round_ = 0;  // a late timer or callback of an earlier round does nothing
};

}  // namespace trunkline::load
