// Effects and facts as text, for comparing what two books did.
#pragma once

#include <string>
#include <vector>

#include "server/book/effect.h"
#include "server/book/fact.h"

namespace trunkline::book {

inline std::string Number(std::int64_t value) {
  return std::to_string(value) + " ";
}

inline std::string Describe(const CallView& call) {
  std::string text = "call " + Number(static_cast<int>(call.kind)) + Number(call.id.value()) +
                     Number(call.access_hash.value()) + Number(call.date) +
                     Number(call.receive_date.value_or(-1)) + ToHex(call.g_a_hash) + "/" +
                     ToHex(call.g_b) + "/" + ToHex(call.g_a_or_b) + " " +
                     Number(call.key_fingerprint) + Number(call.p2p_allowed) +
                     Number(call.reason ? static_cast<int>(*call.reason) : -1) +
                     Number(call.duration.value_or(-1));
  for (const std::string& version : call.protocol.library_versions) text += version + " ";
  for (const Connection& connection : call.connections) {
    text += Number(connection.id) + ToHex(connection.peer_tag) + connection.password + " ";
  }
  return text;
}

inline std::string Describe(const UpdateBatch& batch) {
  std::string text = "batch " + Number(batch.date);
  for (const UserView& user : batch.users) {
    text += "user " + Number(user.id.value()) + Number(user.online_until) + user.first_name + " ";
  }
  for (const Update& update : batch.updates) {
    text += "update " + Number(static_cast<int>(update.kind)) + Describe(update.call) +
            ToHex(update.data) + Number(update.pts) + Number(update.message.id);
  }
  return text;
}

inline std::string Describe(const ReplyBody& body) {
  std::string text = "reply " + Number(static_cast<std::int64_t>(body.index()));
  if (const auto* refused = std::get_if<reply::Refused>(&body)) {
    text += Number(static_cast<int>(refused->refusal));
  } else if (const auto* call = std::get_if<reply::Call>(&body)) {
    text += Describe(call->call);
  } else if (const auto* batch = std::get_if<UpdateBatch>(&body)) {
    text += Describe(*batch);
  } else if (const auto* state = std::get_if<reply::State>(&body)) {
    text += Number(state->pts);
  } else if (const auto* difference = std::get_if<reply::Difference>(&body)) {
    text += Number(difference->state.pts) + Number(std::ssize(difference->messages)) +
            Number(std::ssize(difference->other_updates));
  } else if (const auto* entries = std::get_if<reply::Authorizations>(&body)) {
    for (const auto& entry : entries->entries) text += Number(entry.hash) + Number(entry.created);
  } else if (const auto* code = std::get_if<reply::SentCode>(&body)) {
    text += code->phone_code_hash;
  }
  return text;
}

inline std::string Describe(const std::vector<Effect>& effects) {
  std::string text;
  for (const Effect& effect : effects) {
    text += "\n" + Number(static_cast<std::int64_t>(effect.index()));
    if (const auto* reply = std::get_if<Reply>(&effect)) {
      text += Number(reply->msg_id.value()) + Describe(reply->body);
    } else if (const auto* push = std::get_if<Push>(&effect)) {
      for (const SessionRef& session : push->sessions) text += Number(session.session.value());
      text += Describe(*push->batch);
    } else if (const auto* changed = std::get_if<KeyChanged>(&effect)) {
      text += Number(changed->info.id.value()) + Number(changed->info.user.value()) +
              Number(changed->info.client.layer);
    } else if (const auto* gone = std::get_if<KeyGone>(&effect)) {
      text += Number(gone->id.value());
    }
  }
  return text;
}

inline std::string Describe(const std::vector<Fact>& facts) {
  std::string text;
  for (const Fact& fact : facts) {
    text += "\n" + Number(static_cast<int>(fact.stream)) + Number(fact.id) + Number(fact.version) +
            Number(static_cast<std::int64_t>(fact.body.index()));
  }
  return text;
}

}  // namespace trunkline::book
