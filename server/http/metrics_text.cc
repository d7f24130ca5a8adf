#include "server/http/metrics_text.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace trunkline::http {
namespace {

std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\' || c == '"') escaped.push_back('\\');
    if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped.push_back(c);
    }
  }
  return escaped;
}

std::string Number(double value) {
  if (value == std::floor(value) && std::abs(value) < 9e15) {
    return absl::StrCat(static_cast<std::int64_t>(value));
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

Metric One(const char* name, const char* help, Metric::Kind kind, double value) {
  return Metric{name, help, kind, {{{}, value}}};
}

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double pages = 0, resident = 0;
  statm >> pages >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double OpenDescriptors() {
  std::error_code error;
  double count = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end;
       it.increment(error)) {
    ++count;
  }
  return count;
}

}  // namespace

std::string MetricsText(std::span<const Metric> metrics) {
  std::string text;
  for (const Metric& metric : metrics) {
    const char* const kind = metric.kind == Metric::Kind::kCounter ? "counter" : "gauge";
    absl::StrAppend(&text, "# HELP ", metric.name, " ", metric.help, "\n# TYPE ", metric.name, " ",
                    kind, "\n");
    for (const Metric::Sample& sample : metric.samples) {
      text += metric.name;
      for (std::size_t i = 0; i < sample.labels.size(); ++i) {
        const auto& [name, value] = sample.labels[i];
        absl::StrAppend(&text, i == 0 ? "{" : ",", name, "=\"", Escaped(value), "\"");
      }
      absl::StrAppend(&text, sample.labels.empty() ? "" : "}", " ", Number(sample.value), "\n");
    }
  }
  return text;
}

std::vector<Metric> ProcessMetrics() {
  using Kind = Metric::Kind;
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const double cpu = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                     static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1'000'000;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  return {
      One("process_cpu_seconds_total", "User and system CPU time spent.", Kind::kCounter, cpu),
      One("process_resident_memory_bytes", "Resident memory.", Kind::kGauge, ResidentBytes()),
      One("process_open_fds", "Open file descriptors.", Kind::kGauge, OpenDescriptors()),
      One("process_max_fds", "Most file descriptors that may be open.", Kind::kGauge,
          static_cast<double>(files.rlim_cur)),
  };
}

}  // namespace trunkline::http
