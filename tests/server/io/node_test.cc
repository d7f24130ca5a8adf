// The whole MTProto side in-process: key exchange, restart, locks, stopping.
#include "server/io/node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <optional>

#include "server/io/key_files.h"
#include "server/mtproto/client_handshake.h"
#include "server/mtproto/envelope.h"
#include "tests/server/io/test_node.h"

namespace trunkline::io {
namespace {

using testing::HasSubstr;
using Next = TestClient::Next;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

WallTime Now() {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

// A whole key exchange; nullopt fails the test.
std::optional<mtproto::ClientKey> MakeKey(TestClient& client, const std::string& public_pem,
                                          std::uint64_t seed) {
  using Step = mtproto::ClientHandshake::Next;
  const auto key = crypto::RsaPublicKey::FromPem(public_pem);
  if (!key.ok()) return std::nullopt;
  SeededEntropy entropy(seed);
  mtproto::ClientHandshake handshake({}, *key, &entropy);
  Bytes packet = handshake.Start(Now());
  for (;;) {
    client.Send(packet);
    if (client.Receive() != Next::kPacket) return std::nullopt;
    const Step step = handshake.Receive(client.frame().payload, Now(), packet);
    if (step == Step::kDone) return handshake.key();
    if (step == Step::kFailed) {
      ADD_FAILURE() << handshake.failure();
      return std::nullopt;
    }
  }
}

// ping#7abe77ec ping_id:long under the key, as a session of its own.
void SendPing(TestClient& client, const mtproto::ClientKey& key, std::int64_t session) {
  const std::int64_t seconds = UnixSeconds(Now());
  Bytes body(12, 7);
  StoreLittle<std::uint32_t>(body.data(), 0x7abe77ec);
  Bytes packet;
  mtproto::SealMessage(key.id, key.key, crypto::Direction::kToServer,
                       {key.first_salt, SessionId(session), MessageId(seconds << 32), 0}, body,
                       client.entropy(), packet);
  client.Send(packet);
}

class EveryThreadCount : public testing::TestWithParam<unsigned> {};

TEST_P(EveryThreadCount, AKeyIsMadeAndWorksOnAnotherConnectionAndAfterARestart) {
  const TempDir dir;
  NodeConfig config = TestConfig(dir);
  config.threads = GetParam();
  auto node = StartNode(config);
  ASSERT_NE(node, nullptr);
  const std::string pem = ReadFile(dir.path() + "/server_public.pem");
  std::vector<mtproto::ClientKey> keys;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    TestClient client(*node);
    const auto key = MakeKey(client, pem, seed);
    ASSERT_TRUE(key.has_value());
    SendPing(client, *key, 100);
    EXPECT_EQ(client.Receive(), Next::kPacket);
    TestClient other(*node);
    SendPing(other, *key, 200);
    EXPECT_EQ(other.Receive(), Next::kPacket);
    keys.push_back(*key);
  }
  EXPECT_EQ(node->stats().handshakes_finished.Get(), 4u);
  node->Stop(std::chrono::steady_clock::now() + 10s);
  node.reset();

  config.threads = 4 - GetParam();  // any number of threads opens any directory
  node = StartNode(config);
  ASSERT_NE(node, nullptr);
  for (const mtproto::ClientKey& key : keys) {
    TestClient client(*node);
    SendPing(client, key, 300);
    // bad_server_salt: the key is known, its salts are new.
    ASSERT_EQ(client.Receive(), Next::kPacket);
    EXPECT_EQ(LoadLittle<std::int64_t>(client.frame().payload.data()), key.id.value());
  }
}
INSTANTIATE_TEST_SUITE_P(Node, EveryThreadCount, testing::Values(1u, 3u));

TEST(Node, ABackupMadeWhileItServesOpensAsANodeThatKnowsItsKeys) {
  const TempDir dir, other;
  auto node = StartNode(TestConfig(dir));
  ASSERT_NE(node, nullptr);
  const std::string pem = ReadFile(dir.path() + "/server_public.pem");
  TestClient client(*node);
  const auto before = MakeKey(client, pem, 1);
  ASSERT_TRUE(before.has_value());

  std::promise<absl::StatusOr<BackupDone>> done;
  node->book().Backup(other.path() + "/trunkline.db", [&done](absl::StatusOr<BackupDone> result) {
    done.set_value(std::move(result));
  });
  TestClient meanwhile(*node);
  ASSERT_TRUE(MakeKey(meanwhile, pem, 2).has_value());
  auto outcome = done.get_future();
  ASSERT_EQ(outcome.wait_for(TestClient::kPatience), std::future_status::ready);
  const auto backup = outcome.get();
  ASSERT_TRUE(backup.ok()) << backup.status();
  EXPECT_GT(backup->bytes, 0);
  SendPing(client, *before, 100);
  EXPECT_EQ(client.Receive(), Next::kPacket);  // and the node goes on

  std::filesystem::copy_file(dir.path() + "/server_key.pem", other.path() + "/server_key.pem");
  const auto restored = StartNode(TestConfig(other));
  ASSERT_NE(restored, nullptr);
  TestClient again(*restored);
  SendPing(again, *before, 300);
  ASSERT_EQ(again.Receive(), Next::kPacket);
  EXPECT_EQ(LoadLittle<std::int64_t>(again.frame().payload.data()), before->id.value());
}

TEST(Node, TwoBackupsAtOnceAreOneTooManyAndStoppingEndsThem) {
  const TempDir dir, other;
  auto node = StartNode(TestConfig(dir));
  ASSERT_NE(node, nullptr);
  std::optional<absl::Status> nowhere, first, second;  // read when the book's thread has ended
  const auto into = [](std::optional<absl::Status>& end) {
    return [&end](const absl::StatusOr<BackupDone>& result) { end = result.status(); };
  };
  std::promise<void> asked;
  // What the book's thread asks for in one turn stands in its mailbox side by side.
  node->book().Backup(other.path() + "/no/a.db", [&](const absl::StatusOr<BackupDone>& result) {
    nowhere = result.status();
    node->book().Backup(other.path() + "/a.db", into(first));
    node->book().Backup(other.path() + "/b.db", into(second));
    asked.set_value();
  });
  ASSERT_EQ(asked.get_future().wait_for(TestClient::kPatience), std::future_status::ready);
  node.reset();
  ASSERT_TRUE(nowhere && first && second);
  EXPECT_TRUE(absl::IsUnavailable(*nowhere)) << *nowhere;
  EXPECT_TRUE(first->ok() || absl::IsCancelled(*first)) << *first;
  EXPECT_EQ(std::filesystem::exists(other.path() + "/a.db"), first->ok());
  EXPECT_TRUE(absl::IsAborted(*second)) << *second;
  EXPECT_FALSE(std::filesystem::exists(other.path() + "/a.db.part"));
  EXPECT_FALSE(std::filesystem::exists(other.path() + "/b.db"));
}

TEST(Node, TheFirstStartMakesAKeyAndLaterOnesKeepIt) {
  const TempDir dir;
  NodeConfig config = TestConfig(dir);
  std::filesystem::remove(dir.path() + "/server_key.pem");
  auto node = StartNode(config);
  ASSERT_NE(node, nullptr);
  const std::uint64_t fingerprint = node->fingerprint();
  const std::string pem = ReadFile(dir.path() + "/server_public.pem");
  EXPECT_THAT(pem, HasSubstr("BEGIN RSA PUBLIC KEY"));
  const auto secret = std::filesystem::status(dir.path() + "/server_key.pem");
  EXPECT_EQ(secret.permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  node.reset();
  std::filesystem::remove(dir.path() + "/server_public.pem");
  node = StartNode(config);
  ASSERT_NE(node, nullptr);
  EXPECT_EQ(node->fingerprint(), fingerprint);
  EXPECT_EQ(ReadFile(dir.path() + "/server_public.pem"), pem);
}

TEST(Node, ASecondServerOnTheSameDirectoryIsRefused) {
  const TempDir dir;
  const auto node = StartNode(TestConfig(dir));
  ASSERT_NE(node, nullptr);
  const auto second = Node::Start(TestConfig(dir));
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(dir.path()));
}

TEST(Node, ADamagedKeyFileIsNamedAndKept) {
  const TempDir dir;
  const std::string path = dir.path() + "/server_key.pem";
  std::ofstream(path) << "not a key";
  const auto node = Node::Start(TestConfig(dir));
  ASSERT_FALSE(node.ok());
  EXPECT_THAT(std::string(node.status().message()), HasSubstr(path));
  EXPECT_EQ(ReadFile(path), "not a key");
}

TEST(Node, APortInUseIsRefusedAlsoWhenItCouldBeShared) {
  for (const unsigned threads : {1u, 2u}) {
    const TempDir first_dir, second_dir;
    NodeConfig config = TestConfig(first_dir);
    config.threads = threads;
    const auto first = StartNode(config);
    ASSERT_NE(first, nullptr);
    config.data_dir = second_dir.path();
    config.listen = first->addresses();
    const auto second = Node::Start(config);
    ASSERT_FALSE(second.ok()) << threads;
    EXPECT_THAT(std::string(second.status().message()),
                HasSubstr(std::to_string(first->addresses().front().port)));
  }
}

TEST(Node, StoppingClosesLinksAndRefusesNewOnes) {
  const TempDir dir;
  NodeConfig config = TestConfig(dir);
  config.threads = 2;
  const auto node = StartNode(config);
  ASSERT_NE(node, nullptr);
  TestClient client(*node);
  client.Send(ReqPqPacket(1));
  ASSERT_EQ(client.Receive(), Next::kPacket);
  node->Stop(std::chrono::steady_clock::now() + 10s);
  EXPECT_TRUE(client.AwaitClose());
  EXPECT_THROW(TestClient late(*node), boost::system::system_error);
  EXPECT_EQ(node->stats().connections.Get(), 0);
}

}  // namespace
}  // namespace trunkline::io
