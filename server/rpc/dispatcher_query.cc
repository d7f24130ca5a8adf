// The way of a query: unwrapped, perhaps parked behind other queries or behind initConnection,
// checked against the key, read, and performed.
#include <array>
#include <utility>

#include "server/rpc/dispatcher_state.h"
#include "server/rpc/text.h"

namespace trunkline::rpc {
namespace {

void Mix(std::uint64_t& hash, std::string_view bytes) {
  constexpr std::uint64_t kPrime = 0x100000001b3;  // FNV-1a
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * kPrime;
  hash = (hash ^ bytes.size()) * kPrime;
}

// Whether the id is a method's whose fields can be read. For queries that couldn't.
bool IsReadable(std::uint32_t id) {
  std::array<std::uint8_t, sizeof id> bytes{};
  StoreLittle(bytes.data(), id);
  ::tl::Reader reader(bytes, nullptr);
  api::AnyMethod method;
  return ReadMethod(reader, method) || reader.error() != ::tl::WireError::kUnknownConstructor;
}

}  // namespace

std::uint64_t HashOf(const book::ClientInfo& info) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::int32_t number : {info.layer, info.api_id}) {
    Mix(hash, std::string_view(reinterpret_cast<const char*>(&number), sizeof number));
  }
  for (const std::string* text : {&info.device_model, &info.system_version, &info.app_version,
                                  &info.system_lang_code, &info.lang_pack, &info.lang_code}) {
    Mix(hash, *text);
  }
  return hash;
}

book::ClientInfo ClientInfoOf(const fn::InitConnection& init, std::int32_t layer) {
  const auto clean = [](std::string_view text) {
    return CleanText(text, kClientTextCharactersMax);
  };
  book::ClientInfo info;
  info.layer = layer;
  info.api_id = init.api_id;
  info.device_model = clean(init.device_model);
  info.system_version = clean(init.system_version);
  info.app_version = clean(init.app_version);
  info.system_lang_code = clean(init.system_lang_code);
  info.lang_pack = clean(init.lang_pack);
  info.lang_code = clean(init.lang_code);
  return info;
}

// `inited`: the book has this query's initConnection already, and it waited for others already.
void Dispatcher::Impl::Process(const Query& query, bool inited) {
  SessionOf(query.session);
  arena.Reset();
  const Result<Unwrapped, RpcError> unwrapped = unwrapper.Unwrap(query.body, &arena);
  if (!unwrapped) return Fail(query.session, query.msg_id, unwrapped.error());
  if (!inited && ParkedAfter(query, *unwrapped)) return;
  if (const auto error = NoteLayer(query, *unwrapped)) {
    return Fail(query.session, query.msg_id, *error);
  }
  if (ParkedInit(query, *unwrapped, inited)) return;
  Execute(query, *unwrapped);
}

// invokeAfterMsg(s): an id that is unknown or ended well doesn't hold the query up.
bool Dispatcher::Impl::ParkedAfter(const Query& query, const Unwrapped& unwrapped) {
  Session& session = SessionOf(query.session);
  Parked parked;
  for (std::size_t i = 0; i < unwrapped.after_count; ++i) {
    for (const std::int64_t id : unwrapped.after[i]) {
      const MessageId other(id);
      if (session.Failed(other)) {
        Fail(query.session, query.msg_id, {ErrorType::kMsgWaitFailed});
        return true;
      }
      if (other != query.msg_id && session.Runs(other)) parked.after.push_back(other);
    }
  }
  if (parked.after.empty()) return false;
  if (Park(query, Waiting::For::kAfter, std::move(parked))) {
    deadlines.push_back({query.now + kAfterWait, query.session, query.msg_id});
  }
  return true;
}

bool Dispatcher::Impl::Park(const Query& query, Waiting::For what, Parked parked) {
  Session& session = SessionOf(query.session);
  if (session.parked_bytes + query.body.size() > kParkedBytesMax) {
    Fail(query.session, query.msg_id, {ErrorType::kFloodWait, kParkedFloodWait});
    return false;
  }
  session.parked_bytes += query.body.size();
  parked.body.assign(query.body.begin(), query.body.end());
  Waiting waiting;
  waiting.msg_id = query.msg_id;
  waiting.what = what;
  waiting.parked = std::make_unique<Parked>(std::move(parked));
  session.waiting.push_back(std::move(waiting));
  return true;
}

// A session speaks the layer it named last, else the one that its key had when the session began.
std::optional<RpcError> Dispatcher::Impl::NoteLayer(const Query& query,
                                                    const Unwrapped& unwrapped) {
  Session& session = SessionOf(query.session);
  if (unwrapped.layer) {
    if (*unwrapped.layer < kLayerMin) return RpcError{ErrorType::kConnectionLayerInvalid};
    session.layer = std::min(*unwrapped.layer, kLayerMax);
  } else if (session.layer == 0) {
    session.layer = KeyOf(query.session).layer;
  }
  return std::nullopt;
}

// The query runs only when the book has committed who the client is. A temporary key that isn't
// bound has nobody to store it for yet.
bool Dispatcher::Impl::ParkedInit(const Query& query, const Unwrapped& unwrapped, bool inited) {
  if (unwrapped.init == nullptr) return false;
  Session& session = SessionOf(query.session);
  KeyState& key = KeyOf(query.session);
  if (unwrapped.init->api_id <= 0) {
    Fail(query.session, query.msg_id, {ErrorType::kConnectionApiIdInvalid});
    return true;
  }
  if (session.layer == 0) {
    Fail(query.session, query.msg_id, {ErrorType::kConnectionNotInited});
    return true;
  }
  session.inited = true;
  if (key.unbound()) return false;
  book::ClientInfo info = ClientInfoOf(*unwrapped.init, session.layer);
  const std::uint64_t hash = HashOf(info);
  if (inited || hash == key.client_hash) {
    key.layer = session.layer;
    key.client_hash = hash;
    return false;
  }
  if (Park(query, Waiting::For::kInit, {})) {
    Command(query.session, query.msg_id, book::cmd::InitConnection{std::move(info)});
  }
  return true;
}

std::optional<RpcError> Dispatcher::Impl::CheckConnection(const Query& query,
                                                          std::uint32_t method_id) {
  const KeyState& key = KeyOf(query.session);
  const Method* const method = FindMethod(method_id);
  if (key.unbound() && (method == nullptr || !method->unbound)) {
    return RpcError{ErrorType::kAuthKeyPermEmpty};
  }
  const bool inited = SessionOf(query.session).inited || key.layer != 0;
  if (!inited && method_id != fn::auth::BindTempAuthKey::kId) {
    return RpcError{ErrorType::kConnectionNotInited};
  }
  return std::nullopt;
}

// A session gets updates from its first query on that wasn't in invokeWithoutUpdates; file queries
// count as if they were.
void Dispatcher::Impl::NoteSubscription(const Query& query, const Unwrapped& unwrapped,
                                        std::uint32_t method_id) {
  Session& session = SessionOf(query.session);
  if (!session.wants_updates) {
    if (unwrapped.without_updates || api::NameOf(method_id).starts_with("upload.")) return;
    session.wants_updates = true;
  }
  Subscribe(query.session, KeyOf(query.session), session);
}

void Dispatcher::Impl::Execute(const Query& query, const Unwrapped& unwrapped) {
  const auto fail = [&](RpcError error) { Fail(query.session, query.msg_id, error); };
  ::tl::Reader reader(unwrapped.query, &arena);
  const std::uint32_t id = reader.PeekU32();
  if (reader.left() < sizeof id) return fail({ErrorType::kInputFetchError});
  if (const auto error = CheckConnection(query, id)) return fail(*error);
  NoteSubscription(query, unwrapped, id);
  api::AnyMethod method;
  if (!ReadMethod(reader, method) || !reader.ExpectEnd()) {
    if (IsReadable(id)) return fail(ErrorOf(reader.error()));
    return fail({ErrorType::kInputMethodInvalid, api::IsMethod(id) ? 0 : id});
  }
  if (unwrapped.business) return fail({ErrorType::kBusinessConnectionNotAllowed});
  const Method* const row = FindMethod(method.id());
  if (row == nullptr) return fail({ErrorType::kInputMethodInvalid});
  KeyState& key = KeyOf(query.session);
  if (row->access != Method::Access::kAnyone && !key.user) {
    return fail({ErrorType::kAuthKeyUnregistered});
  }
  if (row->access == Method::Access::kUserNotBot && key.bot) {
    return fail({ErrorType::kBotMethodInvalid});
  }
  const Context context{config,           entropy, query.now,  SessionOf(query.session).layer,
                        method.wire_id(), key.dc,  key.uploads};
  Perform(query, unwrapped, method, row->run(method, context));
}

void Dispatcher::Impl::Perform(const Query& query, const Unwrapped& unwrapped,
                               const api::AnyMethod& method, Outcome outcome) {
  if (const auto* const error = std::get_if<RpcError>(&outcome)) {
    return Fail(query.session, query.msg_id, *error);
  }
  if (auto* const result = std::get_if<Bytes>(&outcome)) {
    return Give(query.session, query.msg_id, std::move(*result));
  }
  Session& session = SessionOf(query.session);
  Waiting waiting{query.msg_id, method.id(), method.wire_id(), Waiting::For::kBook, nullptr};
  if (auto* const command = std::get_if<book::CommandBody>(&outcome)) {
    session.waiting.push_back(std::move(waiting));
    return Command(query.session, query.msg_id, std::move(*command));
  }
  if (!KeyOf(query.session).temporary) {
    return Fail(query.session, query.msg_id, {ErrorType::kTempAuthKeyEmpty});
  }
  auto& check = std::get<CheckBinding>(outcome);
  check.session = query.session;
  check.msg_id = query.msg_id;
  waiting.what = Waiting::For::kBinding;
  waiting.parked = std::make_unique<Parked>();
  waiting.parked->perm_key = check.perm_key;
  if (unwrapped.init != nullptr) {
    waiting.parked->client = ClientInfoOf(*unwrapped.init, session.layer);
  }
  session.waiting.push_back(std::move(waiting));
  outputs.emplace_back(std::move(check));
}

}  // namespace trunkline::rpc
