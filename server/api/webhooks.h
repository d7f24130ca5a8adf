// Sends events to webhooks, each on a thread of its own: in order, one at a time, again until it is
// taken or a day has passed.
//
// A delivery is a POST of the event's JSON. Its header X-Trunkline-Signature says
// `t=<unix seconds>,v1=<hex>`, HMAC-SHA-256 under the webhook's secret over the same seconds, a dot
// and the body. Any 2xx takes the event.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/crypto/tls.h"
#include "server/records/ledger.h"
#include "server/records/webhooks.h"

namespace trunkline::api {

std::string WebhookSignature(std::string_view secret, std::int64_t unix_s, std::string_view body);

class WebhookSender {
 public:
  // How a webhook's thread reaches the store; called on that thread, and may wait.
  struct Store {
    // The next events after `after`, oldest first; empty: none yet.
    std::function<absl::StatusOr<std::vector<records::Event>>(records::Oid organization,
                                                              std::int64_t after)>
        next;
    // In one transaction of its own, durable when it returns.
    std::function<absl::Status(std::function<absl::Status(records::WebhookWriter&)>)> change;
    std::function<std::int64_t()> now_ms;
  };

  // `trust`: whom of https:// to believe, null: nobody.
  WebhookSender(Store store, std::shared_ptr<const crypto::TlsClient> trust);
  ~WebhookSender();  // deliveries under way are cut short: they come again

  // What there is now: new ones begin, those that are gone or were changed end, `moved` (none:
  // empty) begins where it says. From one thread at a time; may wait for a delivery to be cut
  // short.
  void Set(std::vector<records::Webhook> webhooks, records::Oid moved = {});
  // The outbox may have grown. Any thread, never waits.
  void Tell();

 private:
  class Line;
  const Store store_;
  const std::shared_ptr<const crypto::TlsClient> trust_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Line>> lines_;
};

}  // namespace trunkline::api
