#include "bench/load/call_pair.h"

#include <utility>

namespace trunkline::load {

CallPair::CallPair(boost::asio::io_context& io, PairOptions options, Entropy* entropy)
    : options_(std::move(options)),
      caller_client_(io, options_.caller, entropy),
      callee_client_(io, options_.callee, entropy),
      caller_(&caller_client_, entropy, options_.script),
      callee_(&callee_client_, entropy, options_.script),
      timer_(io) {
  caller_client_.OnClosed(
      [this](absl::Status status) { End("caller: " + std::string(status.message())); });
  callee_client_.OnClosed(
      [this](absl::Status status) { End("callee: " + std::string(status.message())); });
}

void CallPair::Begin(Finished finished, int parts) {
  finished_ = std::move(finished);
  parts_ = parts;
  timer_.expires_after(options_.patience);
  timer_.async_wait([this, round = ++round_](boost::system::error_code error) {
    if (!error && round == round_) End("nothing happened for too long");
  });
}

void CallPair::Part(const char* who, const std::string& failure) {
  if (!failure.empty()) return End(std::string(who) + ": " + failure);
  if (--parts_ > 0) return;
  if (const auto next = std::exchange(next_, nullptr)) return next();
  End("");
}

void CallPair::End(const std::string& failure) {
  ++round_;
  timer_.cancel();
  caller_.Abandon();
  callee_.Abandon();
  next_ = nullptr;
  if (const Finished finished = std::exchange(finished_, nullptr)) finished(failure);
}

void CallPair::SetUp(Finished finished) {
  Begin(std::move(finished), 2);
  next_ = [this] { Acquaint(); };
  SignIn(caller_client_, caller_, options_.caller_number, "caller");
  SignIn(callee_client_, callee_, options_.callee_number, "callee");
}

void CallPair::SignIn(Client& client, Phone& phone, const std::string& number, const char* who) {
  client.Connect([this, &phone, number, who](absl::Status status) {
    if (!status.ok()) return Part(who, std::string(status.message()));
    phone.SignIn(number, options_.code,
                 [this, who](const std::string& failure) { Part(who, failure); });
  });
}

void CallPair::Acquaint() {
  parts_ = 2;
  caller_.Find(options_.callee_number,
               [this](const std::string& failure) { Part("caller", failure); });
  callee_.Find(options_.caller_number,
               [this](const std::string& failure) { Part("callee", failure); });
}

void CallPair::Call(Finished finished) {
  Begin(std::move(finished), 2);
  callee_.Expect(callee_.found(), [this](const std::string& failure) { Part("callee", failure); });
  caller_.Dial(caller_.found(), [this](const std::string& failure) { Part("caller", failure); });
}

}  // namespace trunkline::load
