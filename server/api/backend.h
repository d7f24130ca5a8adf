// The way from HTTP to the call records. Work may run on another thread than the one that asks;
// what it finds out is left where it and `done` can both reach it.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "server/records/ledger.h"

namespace trunkline::api {

class Backend {
 public:
  using Done = std::function<void(absl::Status)>;

  virtual ~Backend() = default;
  // `done` is called once, by any thread, after `work` or instead of it: with what work returned,
  // or with why it never ran. It makes the answer, which takes milliseconds when that is long: a
  // thread that others wait for shouldn't call it.
  virtual void Read(std::function<absl::Status(records::Reader&)> work, Done done) = 0;
  // The same for work that may take long: others don't wait for it.
  virtual void ReadAside(std::function<absl::Status(records::Reader&)> work, Done done) = 0;
  // In one transaction, which is there for good when `done` hears ok and never was otherwise. Work
  // may run more than once.
  virtual void Change(std::function<absl::Status(records::Ledger&, records::Live&)> work,
                      Done done) = 0;
};

}  // namespace trunkline::api
