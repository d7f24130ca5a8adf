// One group of facts appended and flushed, on the file system of TMPDIR: with a log that grows, and
// with one that was written ahead of time. Time is what people wait, CPU what this thread spends.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "common/check.h"
#include "server/book/fact.h"
#include "server/store/store.h"

namespace trunkline::store {
namespace {

// So many groups fit the log that is written ahead; then a store begins anew.
constexpr int kGroups = 200, kPagesAhead = 8'000;

class Directory {
 public:
  Directory() : path_(std::filesystem::temp_directory_path() / "trunkline-bench.XXXXXX") {
    std::string name = path_.string();
    CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::vector<book::Fact> Group(std::int64_t first_call, std::int64_t size) {
  std::vector<book::Fact> facts;
  for (std::int64_t id = first_call; id < first_call + size; ++id) {
    book::fact::CallRequested call;
    call.id = CallId(id);
    call.caller = UserId(2 * id);
    call.callee = UserId(2 * id + 1);
    call.g_a_hash.assign(32, 7);
    facts.push_back({book::Stream::kCall, id, 1, std::move(call)});
  }
  return facts;
}

void AppendGroups(benchmark::State& state, int pages_ahead) {
  const Store::Options options{.log_pages_reserved = pages_ahead};
  const std::int64_t size = state.range(0);
  while (state.KeepRunningBatch(kGroups)) {
    state.PauseTiming();
    {
      const Directory directory;
      const auto store = Store::Open(directory.path() / "data", options);
      CHECK(store.ok());
      std::vector<std::vector<book::Fact>> groups;
      for (int i = 0; i < kGroups; ++i) groups.push_back(Group(1 + i * size, size));
      state.ResumeTiming();
      for (const std::vector<book::Fact>& facts : groups) CHECK((*store)->Append(facts).ok());
      state.PauseTiming();
    }
    state.ResumeTiming();
  }
}

void LogGrows(benchmark::State& state) {
  AppendGroups(state, 0);
}
void LogWrittenAhead(benchmark::State& state) {
  AppendGroups(state, kPagesAhead);
}
BENCHMARK(LogGrows)->Arg(1)->Arg(16)->Arg(64)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(LogWrittenAhead)->Arg(1)->Arg(16)->Arg(64)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace trunkline::store
