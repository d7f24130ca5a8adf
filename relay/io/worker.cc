#include "relay/io/worker.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/check.h"
#include "common/clock.h"
#include "common/entropy.h"
#include "relay/io/addresses.h"

namespace trunkline::relay {
namespace {

constexpr std::uint64_t kTickMs = 100;
constexpr std::uint32_t kTicksPerSecond = 10;
constexpr int kEventsMax = 64;
// Packets from one socket before the others get their turn.
constexpr std::size_t kPacketsInARow = 8 * kBatch;
// When so many came at once, more are likely there by now: looking costs less than being told.
constexpr std::size_t kBusy = 4;
// Naps in a row without a look at TCP and the mailbox.
constexpr int kNapsInARow = 8;
constexpr std::uint64_t kLivePassMs = 10'000;
constexpr std::uint32_t kLiveSlices = 80, kLiveSliceMin = 64;
constexpr std::size_t kSummariesKeptMax = 100'000;
constexpr std::uint64_t kWakeData = std::uint64_t{2} << 32, kTickData = std::uint64_t{3} << 32;

std::uint64_t RandomSeed() {
  SystemEntropy entropy;
  return entropy.U64();
}

// Until keys are there, nothing is genuine.
std::shared_ptr<const TagVerifier> NoKeys() {
  return std::make_shared<KeyRingVerifier>(KeyRing{});
}

void Watch(int epoll, int descriptor, std::uint64_t data) {
  epoll_event event{.events = EPOLLIN, .data = {}};
  event.data.u64 = data;
  CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0);
}

}  // namespace

Worker::Worker(const Config& config, std::uint32_t thread)
    : config_(config),
      thread_number_(thread),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      tick_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      verifier_(NoKeys()),
      reflector_(std::make_unique<Reflector>(config.limits, verifier_.get(), RandomSeed())),
      links_(std::make_unique<TcpLinks>(
          thread, std::max(1u, config.tcp_connections_max / config.threads), epoll_,
          [this](ByteView frame, const Endpoint& from, bool unproved) {
            TakeFrame(frame, from, unproved);
          })),
      frame_(kBufferBytes) {
  CHECK(epoll_ >= 0 && wake_ >= 0 && tick_ >= 0);
  Watch(epoll_, wake_, kWakeData);
  Watch(epoll_, tick_, kTickData);
  const timespec period{0, static_cast<long>(kTickMs) * 1'000'000};
  const itimerspec ticking{period, period};
  CHECK(timerfd_settime(tick_, 0, &ticking, nullptr) == 0);
  box_.SetWake([this] { Wake(); });
}

Worker::~Worker() {
  Stop();
  links_.reset();
  close(wake_);
  close(tick_);
  close(epoll_);
}

void Worker::Stop() {
  stop_ = true;
  Wake();
  if (thread_.joinable()) thread_.join();
}

void Worker::Wake() {
  eventfd_write(wake_, 1);
}

absl::Status Worker::Open(std::vector<HostPort>& listen) {
  for (HostPort& at : listen) {
    auto socket = UdpSocket::Open(at, config_.receive_buffer, sockets_.size());
    if (!socket.ok()) return socket.status();
    at.port = (*socket)->port();
    own_.push_back({sockets_.size(), EndpointOf(BoundAddress((*socket)->descriptor())).ip});
    sockets_.push_back(*std::move(socket));
    const absl::Status status = links_->Listen(at);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Worker::Steer(std::uint32_t threads) {
  for (const auto& socket : sockets_) {
    const absl::Status status = socket->SteerByCall(threads);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

void Worker::Start(Peers peers) {
  peers_ = std::move(peers);
  for (const auto& socket : sockets_) polled_.push_back({socket->descriptor(), POLLIN, 0});
  polled_.push_back({epoll_, POLLIN, 0});
  thread_ = std::thread([this] { Run(); });
}

void Worker::ReadClocks() {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
  now_.micros = static_cast<std::uint64_t>(micros.count());
  now_.wall = WallNow();
}

void Worker::Run() {
  ReadClocks();
  next_tick_ms_ = NowMs() + kTickMs;
  int naps = 0;
  bool napped_well = false;  // packets came during the last nap: more of them are likely
  while (!stop_) {
    if (config_.nap_us != 0 && napped_well && ++naps % kNapsInARow != 0) {
      const timespec nap{0, static_cast<long>(config_.nap_us) * 1000};
      clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, nullptr);
      ReadClocks();
      napped_well = false;
      for (const auto& socket : sockets_) napped_well |= ReceiveAll(*socket);
    } else {
      napped_well = Wait(!napped_well) && config_.nap_us != 0;
    }
    FlushAll();
    if (NowMs() >= next_tick_ms_) Tick();
  }
}

// For whatever comes, or just looks. Whether a nap is worthwhile: packets came and none is left.
bool Worker::Wait(bool forever) {
  // Without a timeout of its own: arming one each time costs a microsecond.
  poll(polled_.data(), polled_.size(), forever ? -1 : 0);
  ReadClocks();
  bool came = false;
  for (std::size_t i = 0; i < sockets_.size(); ++i) {
    if (polled_[i].revents != 0) came |= ReceiveAll(*sockets_[i]);
  }
  if (polled_.back().revents != 0) HandleOthers();
  return came;
}

void Worker::HandleOthers() {
  epoll_event events[kEventsMax];
  const int count = epoll_wait(epoll_, events, kEventsMax, 0);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t data = events[i].data.u64;
    if (data == kTickData) {
      std::uint64_t ignored = 0;
      (void)!read(tick_, &ignored, sizeof ignored);
    } else if (data == kWakeData) {
      TakeOrders();
      TakeHops();
    } else {
      links_->Handle(data, events[i].events, NowMs());
    }
  }
}

// Whether packets came and none is left.
bool Worker::ReceiveAll(UdpSocket& socket) {
  for (std::size_t all = 0; all < kPacketsInARow;) {
    if (all != 0) ReadClocks();
    const std::size_t count = socket.Receive();
    if (count != 0) ReceiveBatch(socket, count);
    all += count;
    if (count < kBusy) return all != 0;
  }
  return false;
}

void Worker::ReceiveBatch(UdpSocket& socket, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const Endpoint from = socket.From(i, own_);
    if (from.transport == Transport::kNone) {
      ++own_address_;
      continue;
    }
    const ByteSpan buffer = socket.buffer(i);
    const Verdict verdict = reflector_->Receive(buffer, socket.size(i), from, now_);
    if (verdict.send()) Deliver(buffer.first(verdict.size), verdict.to);
  }
  // Before the buffers are used again.
  FlushAll();
}

void Worker::FlushAll() {
  for (const auto& socket : sockets_) socket->Flush();
}

void Worker::Deliver(ByteSpan packet, const Endpoint& to) {
  if (to.transport == Transport::kUdp) {
    const LocalAddress& from = own_[to.local];
    return sockets_[from.socket]->Send(packet, to, from);
  }
  const std::uint32_t thread = ThreadOfConnection(to.connection);
  if (thread == thread_number_) return links_->Send(to.connection, packet, NowMs());
  Pass(thread, Hop::Kind::kDeliver, to, packet);
}

void Worker::Pass(std::uint32_t thread, Hop::Kind kind, const Endpoint& at, ByteView bytes,
                  bool unproved) {
  outgoing_.kind = kind;
  outgoing_.unproved = unproved;
  outgoing_.at = at;
  outgoing_.size = static_cast<std::uint16_t>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), outgoing_.bytes.begin());
  if (!peers_.boxes[thread]->Post(outgoing_)) ++hops_dropped_;
}

// A frame goes to the thread that owns its call.
void Worker::TakeFrame(ByteView frame, const Endpoint& from, bool unproved) {
  const std::uint32_t threads = config_.threads;
  const std::uint32_t owner = threads == 1 || frame.size() < kTagPrefixBytes
                                  ? thread_number_
                                  : ThreadOf(frame.data(), threads);
  if (owner == thread_number_) return ReceiveFrame(frame, from, unproved);
  Pass(owner, Hop::Kind::kFrame, from, frame, unproved);
}

void Worker::ReceiveFrame(ByteView frame, const Endpoint& from, bool unproved) {
  std::copy(frame.begin(), frame.end(), frame_.begin());
  const Verdict verdict = reflector_->Receive(frame_, frame.size(), from, now_);
  if (unproved && IsGenuine(verdict.drop)) {
    const std::uint32_t thread = ThreadOfConnection(from.connection);
    if (thread == thread_number_) {
      links_->Prove(from.connection);
    } else {
      Pass(thread, Hop::Kind::kProved, from, {});
    }
  }
  if (!verdict.send()) return;
  Deliver(ByteSpan(frame_).first(verdict.size), verdict.to);
  FlushAll();  // frame_ is used again for the next one
}

void Worker::TakeHops() {
  eventfd_t ignored = 0;
  eventfd_read(wake_, &ignored);
  box_.Take(hops_);
  for (const Hop& hop : hops_) {
    const ByteView bytes = ByteView(hop.bytes).first(hop.size);
    switch (hop.kind) {
      case Hop::Kind::kFrame:
        ReceiveFrame(bytes, hop.at, hop.unproved);
        break;
      case Hop::Kind::kDeliver:
        links_->Send(hop.at.connection, bytes, NowMs());
        break;
      case Hop::Kind::kProved:
        links_->Prove(hop.at.connection);
        break;
    }
  }
}

void Worker::Tick() {
  next_tick_ms_ = NowMs() + kTickMs;
  reflector_->Tick(now_);
  if (++ticks_ % kTicksPerSecond == 0) links_->Tick(NowMs(), config_.limits.idle_ms);
  reflector_->TakeSummaries(told_);
  AddLiveFlows();

  WorkerFigures figures{.counters = reflector_->counters(),
                        .tcp = links_->counters(),
                        .sessions = reflector_->sessions(),
                        .ports = reflector_->table().port_count(),
                        .connections = links_->size(),
                        .session_bytes = reflector_->table().bytes_in_use(),
                        .hops_dropped = hops_dropped_,
                        .own_address = own_address_};
  for (const auto& socket : sockets_) {
    figures.send_failures += socket->send_failures();
    figures.overruns += socket->Overruns();
  }
  {
    const std::lock_guard lock(mutex_);
    figures_ = figures;
    const std::size_t room = kSummariesKeptMax - std::min(kSummariesKeptMax, summaries_.size());
    summaries_.insert(summaries_.end(), told_.begin(),
                      told_.begin() + static_cast<std::ptrdiff_t>(std::min(room, told_.size())));
  }
}

// A slice a tick, so that no packet waits for many calls.
void Worker::AddLiveFlows() {
  if (!report_live_) return;
  if (live_place_ == 0) {
    if (NowMs() < next_live_pass_ms_) return;
    next_live_pass_ms_ = NowMs() + kLivePassMs;
  }
  const std::uint32_t slice = reflector_->table().places() / kLiveSlices + kLiveSliceMin;
  live_place_ = reflector_->LiveSummaries(live_place_, slice, now_, told_);
}

void Worker::TakeOrders() {
  Orders orders;
  {
    const std::lock_guard lock(mutex_);
    orders = std::exchange(orders_, {});
  }
  if (orders.verifier != nullptr) {
    reflector_->SetVerifier(orders.verifier.get());
    verifier_ = std::move(orders.verifier);
  }
  for (const CallKey call : orders.denied) reflector_->Deny(call, now_);
}

void Worker::SetVerifier(std::shared_ptr<const TagVerifier> verifier) {
  if (!thread_.joinable()) {
    reflector_->SetVerifier(verifier.get());
    verifier_ = std::move(verifier);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    orders_.verifier = std::move(verifier);
  }
  Wake();
}

void Worker::Deny(CallKey call) {
  {
    const std::lock_guard lock(mutex_);
    if (orders_.denied.size() < Reflector::kDeniedMax) orders_.denied.push_back(call);
  }
  Wake();
}

WorkerFigures Worker::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

void Worker::TakeSummaries(std::vector<FlowSummary>& out) {
  const std::lock_guard lock(mutex_);
  out.insert(out.end(), summaries_.begin(), summaries_.end());
  summaries_.clear();
}

}  // namespace trunkline::relay
