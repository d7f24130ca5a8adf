// Listening sockets: each address once per link thread, sharing the port by SO_REUSEPORT.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "server/io/node_config.h"

namespace trunkline::io {

// A bound socket that doesn't listen yet; closed on destruction unless released.
class BoundSocket {
 public:
  explicit BoundSocket(int descriptor) : descriptor_(descriptor) {}
  BoundSocket(BoundSocket&& other) noexcept : descriptor_(other.Release()) {}
  BoundSocket& operator=(BoundSocket&& other) noexcept;
  ~BoundSocket();

  int get() const { return descriptor_; }
  int Release();

 private:
  int descriptor_;
};

struct Bound {
  HostPort address;                  // with the port that the kernel chose, if 0 was asked for
  std::vector<BoundSocket> sockets;  // one per thread
};

// Errors name the address. A port that another process listens on is refused, also when that
// process would share it.
absl::StatusOr<Bound> Bind(const HostPort& address, unsigned threads);

}  // namespace trunkline::io
