// A receiver of what RelayControl tells, a log that can be read, and relays as hostile as the test
// wants: the protocol's relay end on a real socket, without a relay behind it.
#pragma once

#include <gtest/gtest.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "relay/io/control_connection.h"
#include "server/relays/relay_control.h"
#include "tests/relay/io/relay_process.h"

namespace trunkline::relays {

// That RelayProcess uses.
inline constexpr std::string_view kSecret = "a secret that both sides know";

// The lines of the process's log from here on.
class LogLines {
 public:
  LogLines() : sink_(std::make_shared<Sink>()), before_(spdlog::default_logger()) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink_));
  }
  ~LogLines() { spdlog::set_default_logger(before_); }
  bool Await(const std::string& part) {
    std::unique_lock lock(sink_->mutex);
    return sink_->changed.wait_for(lock, std::chrono::milliseconds(relay::kPatienceMs),
                                   [&] { return sink_->text.find(part) != std::string::npos; });
  }
  std::string text() {
    const std::lock_guard lock(sink_->mutex);
    return sink_->text;
  }

 private:
  struct Sink : spdlog::sinks::base_sink<std::mutex> {
    void sink_it_(const spdlog::details::log_msg& message) override {
      const std::lock_guard lock(mutex);
      text.append(message.payload.begin(), message.payload.end()).push_back('\n');
      changed.notify_all();
    }
    void flush_() override {}
    std::mutex mutex;
    std::condition_variable changed;
    std::string text;
  };
  std::shared_ptr<Sink> sink_;
  std::shared_ptr<spdlog::logger> before_;
};

// Everything that was told, in order.
class Receiver {
 public:
  struct Told {
    std::vector<Joined> joined;
    std::vector<Beat> beats;
    std::vector<Flow> flows;
    std::vector<Gone> gone;
    std::string order;  // j and g: the order of joined and gone
  };
  Events events() {
    return {.joined =
                [this](Joined one, Answer answer) {
                  std::function<absl::StatusOr<Welcome>()> how;
                  Note([&] {
                    told_.joined.push_back(std::move(one)), told_.order += 'j';
                    how = answer_;
                  });
                  answer(how());
                },
            .beat = [this](Beat one) { Note([&] { told_.beats.push_back(one); }); },
            .flows =
                [this](Flows some) {
                  Note([&] {
                    told_.flows.insert(told_.flows.end(), some.flows.begin(), some.flows.end());
                  });
                },
            .gone =
                [this](Gone one) {
                  Note([&] { told_.gone.push_back(std::move(one)), told_.order += 'g'; });
                }};
  }
  // How Joined is answered from now on.
  void AnswerWith(std::function<absl::StatusOr<Welcome>()> answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  bool Await(const std::function<bool(const Told&)>& right) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(relay::kPatienceMs),
                             [&] { return right(told_); });
  }
  bool AwaitJoined(std::size_t count) {
    return Await([count](const Told& told) { return told.joined.size() >= count; });
  }
  bool AwaitGone(std::size_t count) {
    return Await([count](const Told& told) { return told.gone.size() >= count; });
  }
  Told told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }

 private:
  void Note(const std::function<void()>& what) {
    const std::lock_guard lock(mutex_);
    what();
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  Told told_;
  std::function<absl::StatusOr<Welcome>()> answer_ = [] { return Welcome{}; };
};

inline std::unique_ptr<RelayControl> Listen(Receiver& receiver, std::uint16_t port = 0) {
  auto control = RelayControl::Start("127.0.0.1", port, AsBytes(kSecret), receiver.events());
  EXPECT_TRUE(control.ok()) << control.status();
  return *std::move(control);
}

inline relay::control::Registration RegistrationOf(std::uint32_t id, std::uint64_t instance) {
  relay::control::Registration registration;
  registration.id = id;
  registration.instance = instance;
  registration.ipv4 = relay::Ipv4(192, 0, 2, 10);
  registration.port = static_cast<std::uint16_t>(4000 + instance);
  registration.stacks = 3;
  return registration;
}

class BareRelay {
 public:
  BareRelay(std::uint16_t port, const relay::control::Registration& registration)
      : tls_(crypto::TlsRole::kClient, AsBytes(kSecret)),
        wake_(eventfd(0, EFD_NONBLOCK)),
        connection_(tls_, {"127.0.0.1", port}, wake_) {
    opened_ = connection_.Open([] { return false; });
    if (opened_) connection_.Register(registration);
  }
  ~BareRelay() { close(wake_); }

  relay::control::RelayEnd& end() { return connection_.end(); }
  // The next of the link's events; nullopt: the connection ended, or nothing came in time.
  std::optional<relay::control::RelayEnd::Event> Next() {
    if (!opened_) return std::nullopt;
    const std::uint64_t until = relay::ControlNow().micros + relay::kPatienceMs * 1000;
    for (;;) {
      if (auto event = end().Poll()) return event;
      if (relay::ControlNow().micros > until || !connection_.Exchange(until)) return end().Poll();
    }
  }
  bool Registers() {
    const auto event = Next();
    return event && std::holds_alternative<relay::control::Welcome>(*event);
  }
  std::string Refusal() {
    const auto event = Next();
    const auto* const refusal = event ? std::get_if<relay::control::Refusal>(&*event) : nullptr;
    return refusal != nullptr ? refusal->text : "";
  }
  // When one is due, or `draining` has changed.
  void Beat(const relay::control::Load& load = {}, bool draining = false) {
    end().Tick(load, draining, relay::ControlNow());
    connection_.Exchange(0);
  }

 private:
  crypto::PskTlsContext tls_;
  int wake_;
  relay::ControlConnection connection_;
  bool opened_ = false;
};

}  // namespace trunkline::relays
