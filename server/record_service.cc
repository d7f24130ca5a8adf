#include "server/record_service.h"

#include <future>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/crypto/sha.h"
#include "common/log.h"
#include "server/api/keyring.h"
#include "server/api/scopes.h"
#include "server/api/service.h"
#include "server/api/webhooks.h"
#include "server/control/record_routes.h"
#include "server/http/bearer.h"
#include "server/io/record_desk.h"
#include "server/io/side_thread.h"
#include "server/records/numbers.h"
#include "server/store/record_reader.h"

namespace trunkline {
namespace {

constexpr int kWebhookBatch = 64;
constexpr const char* kCallingCode = "1";
// Log-ins that wait for one to be checked: some seconds.
constexpr std::size_t kAsideMax = 32;

std::int64_t NowMs() {
  return UnixMillis(WallNow());
}

// The records as the surfaces reach them. Reads are the HTTP thread's.
class Backend final : public api::Backend {
 public:
  explicit Backend(io::RecordDesk* desk) : desk_(desk) {}
  void Read(std::function<absl::Status(records::Reader&)> work, Done done) override {
    desk_->Read(std::move(work), std::move(done));
  }
  void ReadAside(std::function<absl::Status(records::Reader&)> work, Done done) override {
    desk_->ReadAside(std::move(work), std::move(done));
  }
  void Change(std::function<absl::Status(records::Ledger&, records::Live&)> work,
              Done done) override {
    desk_->Change(std::move(work), std::move(done));
  }

 private:
  io::RecordDesk* const desk_;
};

// A change that the thread of a webhook waits for; Cancelled when nobody will answer any more.
absl::Status ChangeAndWait(io::BookLoop& book,
                           std::function<absl::Status(records::WebhookWriter&)> change) {
  struct Promise {
    ~Promise() {
      if (!told) promise.set_value(absl::CancelledError("the server stops"));
    }
    std::promise<absl::Status> promise;
    bool told = false;
  };
  auto promise = std::make_shared<Promise>();
  std::future<absl::Status> status = promise->promise.get_future();
  book.ChangeRecords(
      [change = std::move(change)](records::Ledger& ledger, records::Live&) {
        return change(ledger.webhooks());
      },
      [promise](absl::Status answer) {
        promise->told = true;
        promise->promise.set_value(std::move(answer));
      });
  promise.reset();
  return status.get();
}

void LogAccess(const api::Access& access) {
  log::Info("{} {} {} {} credential {}", access.request_id, access.method, access.route,
            access.status, access.credential ? access.credential->Hex() : "-");
}

void LogAudit(const api::Audit& audit) {
  log::Info("{} of {} by {}: selector {}, {} items", audit.what_if ? "dry run of a purge" : "purge",
            audit.organization.Hex(), audit.credential.Hex(), audit.selector, audit.items);
}

class Records final : public RecordService {
 public:
  Records(io::BookLoop* book, std::string file, std::shared_ptr<api::Keyring> keyring,
          const RecordLimits& limits, std::shared_ptr<const crypto::TlsClient> trust)
      : book_(*book),
        file_(std::move(file)),
        keys_(book->record_keys()),
        keyring_(std::move(keyring)),
        desk_(book, Opening()),
        control_desk_(book, Opening()),
        backend_(&desk_),
        service_(&backend_, keyring_, ApiConfig(limits)),
        sender_(WebhookStore(), std::move(trust)) {}

  // Nothing of the outbox is told of after this.
  ~Records() override {
    const std::lock_guard lock(told_->mutex);
    told_->tell = nullptr;
  }

  absl::Status Begin() {
    auto reader = store::RecordReader::Open(file_, keys_);
    if (!reader.ok()) return reader.status();
    webhook_reader_ = *std::move(reader);
    if (absl::Status status = keyring_->Fill(*webhook_reader_); !status.ok()) return status;
    told_->tell = [this] {
      service_.streams().Tell();
      sender_.Tell();
    };
    book_.FollowRecords([told = told_] {
      const std::lock_guard lock(told->mutex);
      if (!told->tell) return false;
      told->tell();
      return true;
    });
    return SetWebhooks({}, "");
  }

  http::Handler Surfaces() override { return service_.handler(); }
  http::BodyRules Rules() override { return service_.rules(); }
  http::Handler ControlRoutes() override { return control::RecordRoutes(ControlSources()); }
  void EndDeliveries() override {
    const std::lock_guard setting(set_mutex_);
    ended_ = true;
    sender_.Set({});
  }

 private:
  struct Told {
    std::mutex mutex;
    std::function<void()> tell;  // null: nobody is there
  };

  io::RecordDesk::OpenReader Opening() {
    return [file = file_, keys = keys_]() -> absl::StatusOr<std::unique_ptr<records::Reader>> {
      return store::RecordReader::Open(file, keys);
    };
  }

  api::Config ApiConfig(const RecordLimits& limits) {
    api::Config config;
    config.rate = limits.rate;
    config.failed_rate = limits.failed_rate;
    config.calling_code = kCallingCode;
    config.now_ms = NowMs;
    config.request_id = [this] {
      const std::lock_guard lock(entropy_mutex_);
      return absl::StrCat(absl::Hex(entropy_.U64(), absl::kZeroPad16));
    };
    config.log = LogAccess;
    config.audit = LogAudit;
    config.aside = [this](std::function<void()> work) { return aside_.Post(std::move(work)); };
    config.webhooks_changed = [this](records::Oid organization, const std::string& moved) {
      if (const absl::Status status = SetWebhooks(organization, moved); !status.ok()) {
        log::Warn("webhooks can't be read: {}", std::string(status.message()));
      }
    };
    return config;
  }

  api::WebhookSender::Store WebhookStore() {
    return {.next = [this](records::Oid organization,
                           std::int64_t after) -> absl::StatusOr<std::vector<records::Event>> {
              const std::lock_guard lock(webhook_mutex_);
              auto events = webhook_reader_->EventsAfter(organization, after, kWebhookBatch);
              if (!events.ok()) return events.status();
              return std::move(events->events);
            },
            .change =
                [this](std::function<absl::Status(records::WebhookWriter&)> change) {
                  return ChangeAndWait(book_, std::move(change));
                },
            .now_ms = NowMs};
  }

  // `moved`: the name of one in `organization` that goes on from elsewhere.
  absl::Status SetWebhooks(records::Oid organization, const std::string& moved) {
    const std::lock_guard setting(set_mutex_);
    if (ended_) return absl::OkStatus();
    absl::StatusOr<std::vector<records::Webhook>> webhooks;
    {
      const std::lock_guard lock(webhook_mutex_);
      webhooks = webhook_reader_->Webhooks();
    }
    if (!webhooks.ok()) return webhooks.status();
    records::Oid moved_id;
    for (const records::Webhook& one : *webhooks) {
      if (one.organization == organization && one.name == moved) moved_id = one.id;
    }
    sender_.Set(*std::move(webhooks), moved_id);
    return absl::OkStatus();
  }

  // Credentials and organizations may have changed: the keyring reads them in the same transaction.
  // One that isn't committed lets nobody in, because nobody was told it.
  control::RecordSources ControlSources() {
    control::RecordSources sources;
    sources.read = [this](control::RecordSources::Read work, control::RecordSources::Done done) {
      control_desk_.Read(std::move(work), std::move(done));
    };
    sources.change = [this](control::RecordSources::Change work,
                            control::RecordSources::Done done) {
      control_desk_.Change(
          [keyring = keyring_, work = std::move(work)](records::Ledger& ledger,
                                                       records::Live& live) {
            absl::Status status = work(ledger, live);
            return status.ok() ? keyring->Fill(ledger.reader()) : status;
          },
          std::move(done));
    };
    sources.now_ms = NowMs;
    sources.number = [](std::string_view text) {
      return records::NormaliseNumber(text, kCallingCode);
    };
    sources.scopes_of = api::ParseScopes;
    sources.scope_text = api::ScopeText;
    sources.scopes_of_role = api::ScopesOf;
    sources.mint = [this](records::Ledger& ledger, const control::KeyRequest& request,
                          std::int64_t now_ms) { return Mint(ledger, request, now_ms); };
    return sources;
  }

  absl::StatusOr<control::MintedKeys> Mint(records::Ledger& ledger,
                                           const control::KeyRequest& request,
                                           std::int64_t now_ms) {
    control::MintedKeys minted;
    const auto add = [&](records::CredentialKind kind, const std::string& hash) {
      records::Credential credential;
      credential.organization = request.organization;
      credential.user = request.user;
      credential.kind = kind;
      credential.scopes = request.scopes;
      credential.hash = hash;
      credential.expires_ms = request.ttl_s == 0 ? 0 : now_ms + request.ttl_s * 1000;
      return ledger.AddCredential(std::move(credential), now_ms);
    };
    const auto jwt = add(records::CredentialKind::kJwt, "");
    if (!jwt.ok()) return jwt.status();
    minted.jwt = keyring_->JwtOf(*jwt, now_ms);
    const api::NewSecret key = MakeSecret(records::CredentialKind::kApiKey);
    if (const auto kept = add(records::CredentialKind::kApiKey, key.hash); !kept.ok()) {
      return kept.status();
    }
    minted.api_key = key.text;
    const api::NewSecret secret = MakeSecret(records::CredentialKind::kClient);
    const auto client = add(records::CredentialKind::kClient, secret.hash);
    if (!client.ok()) return client.status();
    minted.client_id = client->id.Hex();
    minted.client_secret = secret.text;
    return minted;
  }

  api::NewSecret MakeSecret(records::CredentialKind kind) {
    const std::lock_guard lock(entropy_mutex_);
    return api::MakeSecret(kind, entropy_);
  }

  io::BookLoop& book_;
  const std::string file_;
  const std::shared_ptr<const store::RecordKeys> keys_;
  std::mutex entropy_mutex_;
  SystemEntropy entropy_;
  const std::shared_ptr<api::Keyring> keyring_;
  io::RecordDesk desk_, control_desk_;  // each of its HTTP thread
  Backend backend_;
  api::Service service_;
  io::SideThread aside_{kAsideMax};  // for passwords
  const std::shared_ptr<Told> told_ = std::make_shared<Told>();
  std::mutex webhook_mutex_;  // of the reader that all webhooks share
  std::unique_ptr<store::RecordReader> webhook_reader_;
  std::mutex set_mutex_;
  bool ended_ = false;         // no webhook is delivered to any more
  api::WebhookSender sender_;  // its threads use the above
};

}  // namespace

absl::StatusOr<std::unique_ptr<RecordService>> RecordService::Start(
    io::BookLoop* book, const std::string& data_dir, const RecordLimits& limits,
    std::shared_ptr<const crypto::TlsClient> trust) {
  const auto token_key = http::LoadOrMakeToken(data_dir, "record_token_key");
  if (!token_key.ok()) return token_key.status();
  const auto digest = crypto::Sha256(AsBytes(*token_key));
  const SecretBytes<api::Keyring::kJwtKeyBytes> key(digest);
  auto records =
      std::make_unique<Records>(book, data_dir + "/trunkline.db",
                                std::make_shared<api::Keyring>(key), limits, std::move(trust));
  if (absl::Status status = records->Begin(); !status.ok()) return status;
  return records;
}

}  // namespace trunkline
