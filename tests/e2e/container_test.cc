// Containers that no client makes: each is refused whole, with the code that says so (64), and the
// session goes on.

#include <gtest/gtest.h>
#include <zlib.h>

#include "tests/e2e/fixture.h"
#include "tests/e2e/sealed_link.h"

namespace trunkline::e2e {
namespace {

namespace mt = tl::mt;

constexpr std::int32_t kContainerInvalid = 64;

struct Inner {
  std::int64_t id = 0;
  std::int32_t seq_no = 0;
  Bytes body{};
  std::int32_t claimed = -1;  // instead of the body's size
};

Bytes Word(std::uint32_t word) {
  Bytes bytes(4);
  StoreLittle(bytes.data(), word);
  return bytes;
}

Bytes Ping() {
  Bytes body;
  tl::AppendTo(body, mt::fn::Ping{.ping_id = 1});
  return body;
}

Bytes Container(const std::vector<Inner>& messages) {
  Bytes body = Word(mt::MsgContainer::kId);
  const auto append = [&body](const Bytes& bytes) {
    body.insert(body.end(), bytes.begin(), bytes.end());
  };
  append(Word(static_cast<std::uint32_t>(messages.size())));
  for (const Inner& message : messages) {
    Bytes id(8);
    StoreLittle(id.data(), message.id);
    append(id);
    append(Word(static_cast<std::uint32_t>(message.seq_no)));
    const auto size = static_cast<std::int32_t>(message.body.size());
    append(Word(static_cast<std::uint32_t>(message.claimed < 0 ? size : message.claimed)));
    append(message.body);
  }
  return body;
}

class ContainerTest : public WithServer {
 protected:
  ContainerTest() : device_(NewDevice()), link_(*device_, &entropy_) {}
  // Nothing else suffers: neither this session nor another connection.
  void TearDown() override {
    EXPECT_TRUE(link_.Pings()) << "the session goes on";
    EXPECT_TRUE(device_->Ping()) << device_->failure();
    WithServer::TearDown();
  }

  // What the server says about a message with this body, which `make` may derive from its id.
  template <class Make>
  std::int32_t CodeFor(Make make, std::int32_t seq_no = 0) {
    const std::int64_t inner = link_.NewId().value();
    const MessageId outer = link_.NewId();
    EXPECT_TRUE(link_.Send(outer, seq_no, make(inner)));
    return link_.AwaitBadMessage(outer);
  }

  std::unique_ptr<Device> device_;
  SealedLink link_;
};

TEST_F(ContainerTest, CountsThatDontFit) {
  for (const std::uint32_t count : {1u, 0x7fffffffu, 0xffffffffu}) {
    Bytes body = Container({});
    StoreLittle(body.data() + 4, count);
    EXPECT_EQ(CodeFor([&](std::int64_t) { return body; }), kContainerInvalid) << count;
  }
  EXPECT_EQ(CodeFor([](std::int64_t id) {
              Bytes body = Container({{.id = id, .body = Ping()}});
              StoreLittle(body.data() + 4, 2u);
              return body;
            }),
            kContainerInvalid)
      << "one message, two announced";
}

TEST_F(ContainerTest, MoreMessagesThanOneMayHold) {
  EXPECT_EQ(CodeFor([](std::int64_t id) {
              return Container(std::vector<Inner>(1025, {.id = id, .body = Ping()}));
            }),
            kContainerInvalid);
  EXPECT_EQ(CodeFor([](std::int64_t id) {
              return Container(std::vector<Inner>(20'000, {.id = id, .body = Word(0)}));
            }),
            kContainerInvalid);
}

TEST_F(ContainerTest, LengthsThatAreWrong) {
  for (const std::int32_t claimed : {0, 1, 3, 8, 16, 0x7fffffff}) {
    EXPECT_EQ(CodeFor([claimed](std::int64_t id) {
                return Container({{.id = id, .body = Ping(), .claimed = claimed}});
              }),
              kContainerInvalid)
        << claimed;
  }
  EXPECT_EQ(CodeFor([](std::int64_t id) {
              Bytes body = Container({{.id = id, .body = Ping()}});
              body.resize(body.size() + 4);
              return body;
            }),
            kContainerInvalid)
      << "bytes behind it";
}

TEST_F(ContainerTest, IdsThatAreNotBeforeItsOwn) {
  EXPECT_EQ(CodeFor([](std::int64_t id) { return Container({{.id = id + 400, .body = Ping()}}); }),
            kContainerInvalid);
}

TEST_F(ContainerTest, ContainersInContainers) {
  const auto nested = [](std::int64_t id, int depth) {
    Bytes body = Container({});
    for (int i = 0; i < depth; ++i) body = Container({{.id = id, .body = body}});
    return body;
  };
  for (const int depth : {1, 2, 500}) {
    EXPECT_EQ(CodeFor([&](std::int64_t id) { return nested(id, depth); }), kContainerInvalid)
        << depth;
  }
}

// Packed ones are refused too, once they are unpacked.
TEST_F(ContainerTest, PackedContainer) {
  const auto packed = [](std::int64_t id) {
    const Bytes plain = Container({{.id = id, .body = Ping()}});
    uLongf size = compressBound(static_cast<uLong>(plain.size()));
    Bytes data(size);
    compress2(data.data(), &size, plain.data(), static_cast<uLong>(plain.size()), 9);
    data.resize(size);
    Bytes body;
    tl::AppendTo(body, mt::GzipPacked{.packed_data = AsText(data)});
    return body;
  };
  EXPECT_EQ(CodeFor(packed, 1), kContainerInvalid);
}

TEST_F(ContainerTest, GoodOnesAreTaken) {
  const MessageId inner = link_.NewId();
  ASSERT_TRUE(link_.Send(link_.NewId(), 0, Container({{.id = inner.value(), .body = Ping()}})));
  EXPECT_TRUE(link_.Pings());
}

}  // namespace
}  // namespace trunkline::e2e
