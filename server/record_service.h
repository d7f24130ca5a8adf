// Call records of a running server: the surfaces of server/api over the node's store, the routes of
// the operator's tool, and the webhooks' sender.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/crypto/tls.h"
#include "server/api/rate_limit.h"
#include "server/http/answer.h"
#include "server/io/book_loop.h"

namespace trunkline {

struct RecordLimits {
  api::Rate rate{0, 1'000};        // of each credential
  api::Rate failed_rate{20, 500};  // of each client address whose tokens are wrong
};

class RecordService {
 public:
  // `book` runs, is borrowed, and goes after the service; `data_dir` is its store's. Makes
  // DATA_DIR/record_token_key, which signs tokens, when there is none yet. `trust`: whom webhooks
  // of https:// believe, null: nobody.
  static absl::StatusOr<std::unique_ptr<RecordService>> Start(
      io::BookLoop* book, const std::string& data_dir, const RecordLimits& limits,
      std::shared_ptr<const crypto::TlsClient> trust);
  virtual ~RecordService() = default;  // deliveries end; nobody asks any more

  // For the TCP listener, and for its thread only.
  virtual http::Handler Surfaces() = 0;
  virtual http::BodyRules Rules() = 0;
  // For the control socket, likewise: what control::IsRecordTarget names.
  virtual http::Handler ControlRoutes() = 0;

  // Before `book` stops: webhooks ask it how far they are, and wait for its answer.
  virtual void EndDeliveries() = 0;

 protected:
  RecordService() = default;
};

}  // namespace trunkline
