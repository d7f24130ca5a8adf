// Turns the loop until something holds: how straight-line code waits for callbacks.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>

namespace trunkline::load {

// False when the deadline came first. Not to be called from a handler of the same loop.
template <class Condition>
bool RunUntil(boost::asio::io_context& io, Condition holds, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (io.stopped()) io.restart();
    if (io.run_one_until(deadline) == 0 && std::chrono::steady_clock::now() >= deadline)
      return holds();
  }
  return true;
}

}  // namespace trunkline::load
