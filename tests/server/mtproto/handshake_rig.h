// A Handshakes with its world: the pool's maths done on request, outputs kept for the test to look
// at.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "common/crypto/rsa.h"
#include "server/mtproto/client_handshake.h"
#include "server/mtproto/handshake.h"

namespace trunkline::mtproto {

inline const crypto::RsaPrivateKey& TestRsaKey() {
  static const crypto::RsaPrivateKey key = crypto::RsaPrivateKey::Generate().value();
  return key;
}
inline const crypto::RsaPublicKey& TestRsaPublicKey() {
  static const crypto::RsaPublicKey key =
      crypto::RsaPublicKey::FromPem(TestRsaKey().PublicPem()).value();
  return key;
}

inline Computed DoJob(const Compute& compute, Entropy& entropy) {
  if (const auto* decrypt = std::get_if<Compute::RsaDecrypt>(&compute.job)) {
    Computed::RsaDecrypted result{};
    result.ok = TestRsaKey().Decrypt(decrypt->block, result.block);
    return {compute.ticket, result};
  }
  if (const auto* shared = std::get_if<Compute::DhShared>(&compute.job)) {
    return {compute.ticket, Computed::Shared{crypto::DhShared(shared->other, shared->secret)}};
  }
  return {compute.ticket, crypto::MakeDhPair(entropy)};
}

struct HandshakeRig {
  static constexpr LinkId kLink{1};

  SeededEntropy entropy{51};
  WallTime now = FromUnixSeconds(1'700'000'000);
  MessageIds ids;
  Outputs outputs;
  Handshakes handshakes{{TestRsaKey().fingerprint()}, &entropy, &ids, &outputs};

  ClientHandshake Client(ClientHandshakeOptions options = {}) {
    return ClientHandshake(options, TestRsaPublicKey(), &entropy);
  }

  // All outputs so far, jobs done in place and their outputs too; StoreKey is left to the test.
  std::vector<Output> Drain() {
    std::vector<Output> drained;
    for (Output output; outputs.Take(output);) {
      if (const auto* compute = std::get_if<Compute>(&output)) {
        Computed computed = DoJob(*compute, entropy);
        handshakes.HandleComputed(computed, now);
      } else {
        drained.push_back(std::move(output));
      }
    }
    return drained;
  }
  std::vector<Output> Send(ByteView packet, LinkId link = kLink) {
    handshakes.Receive(link, packet, now);
    return Drain();
  }
  // The only output, which must be a T.
  template <class T>
  T Only(std::vector<Output> drained) {
    EXPECT_EQ(drained.size(), 1u);
    T* only = drained.size() == 1 ? std::get_if<T>(&drained[0]) : nullptr;
    EXPECT_NE(only, nullptr);
    return only ? std::move(*only) : T{};
  }
  Bytes Answer(ByteView packet, LinkId link = kLink) {
    SendPacket answer = Only<SendPacket>(Send(packet, link));
    EXPECT_EQ(answer.link, link);
    return std::move(answer.payload);
  }
  void ExpectRefused(ByteView packet, std::string_view what = "") {
    const auto drained = Send(packet);
    ASSERT_EQ(drained.size(), 1u) << what;
    const auto* error = std::get_if<SendTransportError>(&drained[0]);
    ASSERT_NE(error, nullptr) << what;
    EXPECT_EQ(error->code, -404);
    EXPECT_EQ(error->link, kLink);
  }
  // The client's next packet after the server's answer.
  Bytes Step(ClientHandshake& client, ByteView answer) {
    Bytes reply;
    EXPECT_EQ(client.Receive(answer, now, reply), ClientHandshake::Next::kSend) << client.failure();
    return reply;
  }
  Bytes ReqDhParams(ClientHandshake& client) { return Step(client, Answer(client.Start(now))); }
  Bytes SetClientDhParams(ClientHandshake& client) {
    return Step(client, Answer(ReqDhParams(client)));
  }
};

}  // namespace trunkline::mtproto
