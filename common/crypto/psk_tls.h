// TLS 1.3 between two programs that share a secret: no certificates, and whoever doesn't know the
// secret gets no further than the handshake. Bytes in, bytes out: sockets are the caller's.
//
// External pre-shared key (RFC 8446 section 4.2.11), identity "trunkline-relay", key =
// HKDF-SHA256(secret, no salt, "trunkline relay control", 32 bytes). Only psk_dhe_ke, so a secret
// that leaks later opens no recorded link; TLS_AES_128_GCM_SHA256 or TLS_CHACHA20_POLY1305_SHA256;
// no tickets, no early data.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/bytes.h"

namespace trunkline::crypto {

enum class TlsRole : std::uint8_t { kClient, kServer };

// What all links of one role and one secret share. Outlives its links; used by one thread.
class PskTlsContext {
 public:
  PskTlsContext(TlsRole role, ByteView secret);
  ~PskTlsContext();
  PskTlsContext(const PskTlsContext&) = delete;
  PskTlsContext& operator=(const PskTlsContext&) = delete;

  struct Impl;

 private:
  friend class PskTls;
  std::unique_ptr<Impl> impl_;
};

// One link. After kClosed or a failure it takes and sends nothing more.
class PskTls {
 public:
  enum class State : std::uint8_t {
    kHandshake,
    kOpen,
    kClosed,       // the peer said that it sends no more
    kWrongSecret,  // the peer's secret is another, as far as one can tell
    kBroken,       // the peer doesn't speak this protocol, or somebody meddled; error() says how
  };

  explicit PskTls(const PskTlsContext& context);
  ~PskTls();
  PskTls(const PskTls&) = delete;
  PskTls& operator=(const PskTls&) = delete;

  // The client begins: call it once, before anything else. What must be sent is added to `wire`.
  void Start(Bytes& wire);
  // Takes what came from the peer, adds what it said to `plain` and what must be sent to `wire`
  // (also after a failure: the alert).
  State Receive(ByteView from_peer, Bytes& plain, Bytes& wire);
  // Only in kOpen; CHECKed.
  void Send(ByteView plain, Bytes& wire);
  // Says that nothing more will be sent.
  void Close(Bytes& wire);

  State state() const { return state_; }
  const std::string& error() const { return error_; }  // for logs; empty while nothing is wrong

 private:
  struct Impl;
  void Handshake();
  void ReadAll(Bytes& plain);
  void Fail();
  void TakeWire(Bytes& wire);

  std::unique_ptr<Impl> impl_;
  State state_ = State::kHandshake;
  std::string error_;
};

}  // namespace trunkline::crypto
