// One server for all tests of a suite, and devices on it. Phone numbers are counted up, so tests
// don't meet each other's users.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "common/entropy.h"
#include "tests/e2e/device.h"
#include "tests/e2e/server_process.h"

namespace trunkline::e2e {

// Two users that know each other, each with one device; a call is made from `a` to `b`.
struct Pair {
  std::unique_ptr<Device> a, b;
  std::string a_number, b_number;
  load::Contact b_for_a, a_for_b;
};

class WithServer : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = std::make_unique<TempDir>();
    server_ = std::make_unique<ServerProcess>(directory_->path());
    ASSERT_TRUE(server_->started()) << server_->ready_line();
  }
  static void TearDownTestSuite() {
    server_.reset();
    directory_.reset();
  }
  void TearDown() override { EXPECT_TRUE(server_->Alive()) << "the server died"; }

  static std::string NewNumber() {
    static int next = 0;
    return "+9996600" + std::to_string(100000 + ++next);
  }

  load::ClientOptions Options() const {
    load::ClientOptions options;
    options.server = server_->endpoint();
    options.server_key = server_->PublicKey();
    return options;
  }

  std::unique_ptr<Device> NewDevice(load::ClientOptions options) {
    auto device = std::make_unique<Device>(io_, std::move(options), &entropy_);
    EXPECT_TRUE(device->Connect()) << device->failure();
    return device;
  }
  std::unique_ptr<Device> NewDevice() { return NewDevice(Options()); }

  std::unique_ptr<Device> SignedIn(const std::string& number, load::ClientOptions options) {
    auto device = NewDevice(std::move(options));
    EXPECT_TRUE(device->SignIn(number, ServerProcess::kCode).id) << device->failure();
    return device;
  }
  std::unique_ptr<Device> SignedIn(const std::string& number) {
    return SignedIn(number, Options());
  }

  Pair NewPair(load::ClientOptions a_options, load::ClientOptions b_options) {
    Pair pair;
    pair.a_number = NewNumber();
    pair.b_number = NewNumber();
    pair.a = SignedIn(pair.a_number, std::move(a_options));
    pair.b = SignedIn(pair.b_number, std::move(b_options));
    pair.b_for_a = pair.a->Find(pair.b_number);
    pair.a_for_b = pair.b->Find(pair.a_number);
    EXPECT_TRUE(pair.b_for_a.id) << pair.a->failure();
    EXPECT_TRUE(pair.a_for_b.id) << pair.b->failure();
    return pair;
  }
  Pair NewPair() { return NewPair(Options(), Options()); }

  static inline std::unique_ptr<TempDir> directory_;
  static inline std::unique_ptr<ServerProcess> server_;
  boost::asio::io_context io_{1};
  SystemEntropy entropy_;
};

}  // namespace trunkline::e2e
