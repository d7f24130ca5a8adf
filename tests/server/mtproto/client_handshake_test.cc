// The client's checks: what the tests and the load harness rely on to notice a wrong server.
#include "server/mtproto/client_handshake.h"

#include <gtest/gtest.h>

#include "server/mtproto/plain_message.h"
#include "tests/server/mtproto/handshake_rig.h"

namespace trunkline::mtproto {
namespace {

using Next = ClientHandshake::Next;

class ClientHandshakeTest : public testing::Test {
 protected:
  // Each byte but those of the message id's time, one bit after the other's turn.
  void ExpectEveryFlipNoticed(const ClientHandshake& client, const Bytes& packet,
                              std::size_t from = 0) {
    for (std::size_t byte = from; byte < packet.size(); ++byte) {
      if (byte > 8 && byte < 16) continue;
      Bytes flipped = packet;
      flipped[byte] = static_cast<std::uint8_t>(flipped[byte] ^ (byte == 8 ? 2 : 1 << byte % 8));
      ClientHandshake copy = client;
      Bytes reply;
      ASSERT_EQ(copy.Receive(flipped, rig_.now, reply), Next::kFailed) << byte;
    }
  }
  HandshakeRig rig_;
};

TEST_F(ClientHandshakeTest, NoticesChangedDhParams) {
  ClientHandshake client = rig_.Client();
  const Bytes params = rig_.Answer(rig_.ReqDhParams(client));
  ExpectEveryFlipNoticed(client, params);
}

TEST_F(ClientHandshakeTest, NoticesChangedDhGenOk) {
  ClientHandshake client = rig_.Client();
  rig_.Only<StoreKey>(rig_.Send(rig_.SetClientDhParams(client)));
  rig_.handshakes.KeyStored(client.nonce(), false, rig_.now);
  ExpectEveryFlipNoticed(client, rig_.Only<SendPacket>(rig_.Drain()).payload);
}

TEST_F(ClientHandshakeTest, WantsAKnownRsaKey) {
  const auto other = crypto::RsaPrivateKey::Generate().value();
  ClientHandshake client({}, crypto::RsaPublicKey::FromPem(other.PublicPem()).value(),
                         &rig_.entropy);
  Bytes reply;
  EXPECT_EQ(client.Receive(rig_.Answer(client.Start(rig_.now)), rig_.now, reply), Next::kFailed);
  EXPECT_EQ(client.failure(), "no known RSA key offered");
}

TEST_F(ClientHandshakeTest, WantsAnswersInOrder) {
  ClientHandshake client = rig_.Client();
  const Bytes res_pq = rig_.Answer(client.Start(rig_.now));
  rig_.Step(client, res_pq);
  Bytes reply;
  EXPECT_EQ(client.Receive(res_pq, rig_.now, reply), Next::kFailed);
  EXPECT_EQ(client.failure(), "unexpected answer");
}

}  // namespace
}  // namespace trunkline::mtproto
