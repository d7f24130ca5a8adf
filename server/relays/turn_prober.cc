#include "server/relays/turn_prober.h"

#include <algorithm>
#include <array>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "boost/asio/buffer.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/udp.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/steady_timer.hpp"
#include "common/clock.h"
#include "common/entropy.h"
#include "common/log.h"
#include "server/picker/turn_probe.h"
#include "server/relays/reflector_probe.h"

namespace trunkline::relays {
namespace {

namespace net = boost::asio;
using net::ip::udp;
using Probe = std::variant<picker::TurnProbe, ReflectorProbe>;

// The probes go by the wall clock, because credentials do: so far a wait may be wrong when somebody
// sets it.
constexpr Duration kWaitMax = std::chrono::seconds(1);
constexpr Duration kWaitMin = std::chrono::milliseconds(1);

std::string DetailOf(const ReflectorProbe& probe) {
  return probe.health() == picker::Health::kUp ? "answers pings"
                                               : "no answer: not there, or another secret";
}

std::string DetailOf(const picker::TurnProbe& probe) {
  using Finding = picker::ProbeFinding;
  switch (probe.finding()) {
    case Finding::kNone:
      return "not asked yet";
    case Finding::kFine:
      return probe.allocates() ? "allocates" : "answers Binding requests";
    case Finding::kSilent:
      return "no answer";
    case Finding::kBadMapped:
      return "answers a Binding request without a sane address";
    case Finding::kWrongSecret:
      return "refuses our credentials (401): another secret, realm or clock";
    case Finding::kWrongRelayed:
      return "allocates on another address than it should";
    case Finding::kRefused:
      return absl::StrCat("refuses an allocation (", probe.error_code(), ")");
    case Finding::kFull:
      return absl::StrCat("has no room for an allocation (", probe.error_code(), ")");
    case Finding::kUnsigned:
      return "answers aren't signed with our secret";
  }
  return "";
}

picker::StunAddress StunAddressOf(const net::ip::address& address) {
  picker::StunAddress out{.ipv6 = address.is_v6()};
  const auto copy = [&](const auto& bytes) { std::ranges::copy(bytes, out.ip.begin()); };
  address.is_v6() ? copy(address.to_v6().to_bytes()) : copy(address.to_v4().to_bytes());
  return out;
}

// A server as it is used: addresses read, secret turned into what its probe wants.
struct Target {
  picker::EntryId id;
  udp::endpoint at;
  std::function<Probe()> make;
};

absl::StatusOr<Target> TargetOf(const TurnServer& server, const TurnProber::Intervals& intervals,
                                Entropy& entropy) {
  const auto wrong = [&](const char* what) {
    return absl::InvalidArgumentError(absl::StrCat("relay ", server.id.value(), ": ", what));
  };
  boost::system::error_code error;
  const auto ip = net::ip::make_address(server.ip, error);
  if (error || server.port == 0) return wrong("no numeric address with a port");
  Target target{server.id, {ip, server.port}, {}};
  if (server.kind == picker::Kind::kReflector || server.kind == picker::Kind::kReflectorTcp) {
    if (server.secret.empty()) return wrong("a reflector can't be probed without its secret");
    const auto relay_id =
        server.relay_id != 0 ? server.relay_id : static_cast<std::uint32_t>(server.id.value());
    const auto key = relay::DeriveTagKey(AsBytes(server.secret), relay_id, 0);
    const auto nonce = static_cast<std::uint32_t>(entropy.U64());
    target.make = [=] { return Probe(ReflectorProbe(key, nonce, intervals.binding)); };
    return target;
  }
  picker::TurnProbeConfig config{
      .allocate = server.kind == picker::Kind::kTurn && !server.secret.empty(),
      .secret = server.secret,
      .relayed = {},
      .binding_interval = intervals.binding,
      .allocate_interval = intervals.allocate};
  if (!server.expected_ip.empty()) {
    const auto expected = net::ip::make_address(server.expected_ip, error);
    if (error) return wrong("the expected address isn't numeric");
    config.relayed.push_back(StunAddressOf(expected));
  }
  target.make = [=] { return Probe(picker::TurnProbe(config)); };
  return target;
}

// One server with its socket. Lives until the context has ended.
class Watch {
 public:
  Watch(net::io_context& context, Target target, const TurnProber::OnChange& on_change)
      : target_(std::move(target)),
        probe_(target_.make()),
        on_change_(on_change),
        socket_(context),
        timer_(context) {}

  void Go() {
    const WallTime now = WallNow();
    // A clock that was set back: whatever was due would wait for it.
    if (now < last_) probe_ = target_.make();
    last_ = now;
    std::visit([&](auto& probe) { Poll(probe, now); }, probe_);
  }

 private:
  template <class P>
  void Poll(P& probe, WallTime now) {
    while (const auto datagram = probe.Poll(now, entropy_)) {
      if (probe.WantsSocket()) Close();
      if (!Send(*datagram)) probe.Refused(now);
    }
    Report(probe);
    const auto wait = std::chrono::duration_cast<Duration>(probe.NextDeadline() - now);
    timer_.expires_after(std::clamp(wait, kWaitMin, kWaitMax));
    timer_.async_wait([this](const boost::system::error_code& cut) {
      if (!cut) Go();
    });
  }

  template <class P>
  void Report(const P& probe) {
    if (!probe.settled()) return;
    const picker::Health health = probe.health();
    auto verdict = std::pair(health, DetailOf(probe));
    if (told_ == verdict) return;
    const std::string_view name = picker::HealthName(health);
    if (health == picker::Health::kUp) {
      log::Info("relay entry {}: {}, {}", target_.id.value(), name, verdict.second);
    } else {
      log::Warn("relay entry {}: {}, {}", target_.id.value(), name, verdict.second);
    }
    told_ = std::move(verdict);
    on_change_(target_.id, health, told_->second);
  }

  bool Send(const Bytes& datagram) {
    boost::system::error_code error;
    if (!socket_.is_open()) {
      socket_.open(target_.at.protocol(), error);
      if (!error) socket_.non_blocking(true, error);
      // Connected: the kernel drops what others send.
      if (!error) socket_.connect(target_.at, error);
      if (error) {
        Close();
        return false;
      }
      Receive();
    }
    socket_.send(net::buffer(datagram), 0, error);
    return !error || error == net::error::would_block;
  }

  void Close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
    ++generation_;
  }

  void Receive() {
    socket_.async_receive(
        net::buffer(buffer_),
        [this, generation = generation_](const boost::system::error_code& error, std::size_t size) {
          if (generation != generation_) return;
          if (error && error != net::error::connection_refused) return Close();
          const WallTime now = WallNow();
          std::visit(
              [&](auto& probe) {
                if (error) {
                  probe.Refused(now);
                } else {
                  probe.Receive(ByteView(buffer_).first(size), now);
                }
              },
              probe_);
          Receive();
          Go();
        });
  }

  const Target target_;
  Probe probe_;
  const TurnProber::OnChange& on_change_;
  udp::socket socket_;
  net::steady_timer timer_;
  SystemEntropy entropy_;
  std::array<std::uint8_t, picker::kStunBytesMax> buffer_{};
  int generation_ = 0;  // of the socket
  WallTime last_{};
  std::optional<std::pair<picker::Health, std::string>> told_;
};

}  // namespace

struct TurnProber::Impl {
  OnChange on_change;
  net::io_context context{1};
  std::vector<std::unique_ptr<Watch>> watches;
  std::thread thread;
};

absl::StatusOr<std::unique_ptr<TurnProber>> TurnProber::Start(std::vector<TurnServer> servers,
                                                              OnChange on_change,
                                                              Intervals intervals) {
  if (servers.size() > picker::kEntriesMax) {
    return absl::ResourceExhaustedError(absl::StrCat("relays: more than ", picker::kEntriesMax));
  }
  auto impl = std::make_unique<Impl>();
  impl->on_change = std::move(on_change);
  SystemEntropy entropy;
  for (const TurnServer& server : servers) {
    auto target = TargetOf(server, intervals, entropy);
    if (!target.ok()) return target.status();
    impl->watches.push_back(
        std::make_unique<Watch>(impl->context, *std::move(target), impl->on_change));
    net::post(impl->context, [watch = impl->watches.back().get()] { watch->Go(); });
  }
  Impl* const running = impl.get();
  impl->thread = std::thread([running] { running->context.run(); });
  return std::unique_ptr<TurnProber>(new TurnProber(std::move(impl)));
}

TurnProber::TurnProber(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

TurnProber::~TurnProber() {
  impl_->context.stop();
  impl_->thread.join();
}

}  // namespace trunkline::relays
