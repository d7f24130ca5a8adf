// One call taken step by step, for tests that leave the happy path.
#pragma once

#include "common/crypto/dh.h"
#include "tests/e2e/device.h"

namespace trunkline::e2e {

class LiveCall {
 public:
  LiveCall(Device* a, Device* b, load::Contact b_for_a, Entropy* entropy)
      : a_(a), b_(b), b_for_a_(b_for_a), entropy_(entropy) {}

  // Each step asks and remembers what later steps need; true when the answer was the right
  // constructor.
  bool Request();             // a: phoneCallWaiting
  bool Ring(Device& device);  // a device of b: phoneCallRequested arrives
  bool Receive();             // b: boolTrue, and a is told that it rings
  bool Accept();              // b: phoneCallWaiting, and a is told phoneCallAccepted
  bool Confirm();             // a: phoneCall, and b is told phoneCall with g_a
  bool UpToRinging() { return Request() && Ring(*b_) && Receive(); }
  bool UpToAccepted() { return UpToRinging() && Accept(); }
  bool Establish() { return UpToAccepted() && Confirm(); }

  // Bare requests, for any device of that side.
  load::Reply AskReceived(Device& device);
  load::Reply AskAccept(Device& device);
  load::Reply AskDiscard(Device& device, std::int32_t duration = 0);
  load::Reply AskSignal(Device& device, std::string_view data);
  // Both directions of signalling arrive.
  bool SignalsFlow();

  // Whether an answer of discardCall tells the end of this call.
  bool TellsEnd(Device& device, const load::Reply& reply);

  std::int64_t id() const { return id_; }
  // The relays of phoneCall, as each side was told; after Confirm.
  struct Reflector {
    std::int64_t id = 0;
    std::string ip;
    std::uint16_t port = 0;
    Bytes tag;
  };
  struct TurnServer {
    std::int64_t id = 0;
    std::string username, password;
  };
  struct Relays {
    std::vector<Reflector> reflectors;
    std::vector<TurnServer> turn_servers;
  };
  const Relays& a_relays() const { return a_relays_; }
  const Relays& b_relays() const { return b_relays_; }
  // As side A or B sees the call; used by AskX by comparing with the caller's own device.
  api::InputPhoneCall PeerFor(const Device& device) const;

  // After a restart of the server the devices are others, the call is the same.
  void Replace(Device* a, Device* b) {
    a_ = a;
    b_ = b;
  }
  void AddOwnDevice(const Device* device) { own_ = device; }  // another device of the caller

 private:
  Device* a_;
  Device* b_;
  const Device* own_ = nullptr;
  load::Contact b_for_a_;
  Entropy* entropy_;
  std::int64_t id_ = 0, a_hash_ = 0, b_hash_ = 0;
  std::string g_b_;
  crypto::DhPair a_pair_, b_pair_;
  Relays a_relays_, b_relays_;
};

}  // namespace trunkline::e2e
