#include "bench/relay/ways.h"
#include "server/picker/stun.h"

namespace trunkline::bench {
namespace {

using picker::StunAddress;
using picker::StunClass;
using picker::StunMethod;
using picker::StunWriter;

constexpr auto kChannelBind = static_cast<StunMethod>(9);
constexpr std::uint16_t kChannelNumber = 0x000C, kXorPeer = 0x0012;
constexpr std::uint32_t kUdp = 0x1100'0000;
constexpr std::uint16_t kChannel = 0x4000;  // of both sides
constexpr std::size_t kChannelHeader = 4;
constexpr int kTries = 50, kTryMs = 200;

class TurnWay : public Way {
 public:
  TurnWay() {
    stamp_out = stamp_in = kChannelHeader;
    size_in = kChannelHeader + kVoiceBytes;
    packet_.assign(size_in, 0x80);
    packet_[0] = kChannel >> 8;
    packet_[1] = kChannel & 0xff;
    packet_[2] = 0;
    packet_[3] = kVoiceBytes;
  }

  bool Open(Wire& caller, Wire& callee, std::uint32_t calls) override {
    for (std::uint32_t i = 0; i < calls; ++i) {
      const auto a = Allocate(caller, i), b = Allocate(callee, i);
      if (!a || !b || !Bind(caller, i, *b) || !Bind(callee, i, *a)) return false;
    }
    return true;
  }

  ByteSpan PacketOf(std::uint32_t) override { return packet_; }

 private:
  picker::StunTransaction Next() {
    picker::StunTransaction transaction{};
    StoreLittle(transaction.data(), ++transactions_);
    return transaction;
  }

  std::optional<StunAddress> Allocate(Wire& wire, std::uint32_t call) {
    const auto transaction = Next();
    StunWriter writer(StunMethod::kAllocate, StunClass::kRequest, transaction);
    const Bytes request = writer.Number(picker::kStunRequestedTransport, kUdp).Take();
    std::optional<StunAddress> relayed;
    Ask(wire, call, request, transaction,
        [&](const picker::StunMessage& answer) { relayed = answer.relayed; });
    return relayed;
  }

  bool Bind(Wire& wire, std::uint32_t call, const StunAddress& peer) {
    const auto transaction = Next();
    StunWriter writer(kChannelBind, StunClass::kRequest, transaction);
    writer.Number(kChannelNumber, std::uint32_t{kChannel} << 16).Address(kXorPeer, peer);
    return Ask(wire, call, writer.Take(), transaction, [](const picker::StunMessage&) {});
  }

  template <class Then>
  bool Ask(Wire& wire, std::uint32_t call, const Bytes& request,
           const picker::StunTransaction& transaction, const Then& then) {
    for (int i = 0; i < kTries; ++i) {
      wire.Send(call, request);
      for (const Wire::In& in : wire.Receive(kTryMs)) {
        const auto answer = picker::ReadStun(in.packet);
        if (!answer || answer->transaction != transaction) continue;
        if (answer->kind != StunClass::kSuccess) return false;
        then(*answer);
        return true;
      }
    }
    return false;
  }

  Bytes packet_;
  std::uint64_t transactions_ = 0;
};

}  // namespace

std::unique_ptr<Way> ThroughTurn() {
  return std::make_unique<TurnWay>();
}

}  // namespace trunkline::bench
