#include <algorithm>
#include <utility>

#include "tests/server/book/call_game.h"

namespace trunkline::book {
namespace {

bool IsFor(const Push& push, Player player) {
  return std::find(push.sessions.begin(), push.sessions.end(), PhoneOf(player).session) !=
         push.sessions.end();
}
bool Holds(const UpdateBatch& batch, CallView::Kind kind) {
  return std::any_of(batch.updates.begin(), batch.updates.end(), [kind](const Update& update) {
    return update.kind == Update::Kind::kPhoneCall && update.call.kind == kind;
  });
}

// Each update that is told, in a copy of its own that may be changed; false takes it out.
template <class Change>
void ChangeUpdates(std::vector<Effect>& effects, Change change) {
  for (Effect& effect : effects) {
    UpdateBatch* batch = nullptr;
    std::shared_ptr<UpdateBatch> copy;
    bool to_callee = false;
    if (auto* push = std::get_if<Push>(&effect)) {
      copy = std::make_shared<UpdateBatch>(*push->batch);
      push->batch = copy;
      batch = copy.get();
      to_callee = IsFor(*push, Player::kB1) || IsFor(*push, Player::kB2);
    } else if (auto* reply = std::get_if<Reply>(&effect)) {
      batch = std::get_if<UpdateBatch>(&reply->body);
    }
    if (batch == nullptr) continue;
    std::erase_if(batch->updates, [&](Update& update) { return !change(update, to_callee); });
  }
}

template <class Where, class Make>
void InsertPush(std::vector<Effect>& effects, CallView::Kind kind, Where where, Make make) {
  for (std::size_t i = 0; i < effects.size(); ++i) {
    const auto* push = std::get_if<Push>(&effects[i]);
    if (push == nullptr || !Holds(*push->batch, kind)) continue;
    Effect made = make(*push);
    effects.insert(effects.begin() + static_cast<std::ptrdiff_t>(i) + where(), std::move(made));
    return;
  }
}

Effect SignalFor(const Push& push) {
  auto batch = std::make_shared<UpdateBatch>();
  Update& update = batch->updates.emplace_back();
  update.kind = Update::Kind::kSignalling;
  update.call_id = push.batch->updates.front().call.id;
  update.data = {static_cast<std::uint8_t>(Player::kA1)};
  return Push{push.sessions, batch};
}

const reply::Refused* RefusalOf(const std::vector<Effect>& effects) {
  const auto* reply = effects.empty() ? nullptr : std::get_if<Reply>(&effects.front());
  return reply == nullptr ? nullptr : std::get_if<reply::Refused>(&reply->body);
}

void SpoilRefusal(Fault fault, Move move, CallId about, std::vector<Fact>& facts,
                  std::vector<Effect>& effects) {
  const reply::Refused* refused = RefusalOf(effects);
  if (refused == nullptr || refused->refusal != Refusal::kCallAlreadyAccepted) return;
  const auto word = static_cast<Word>(move % kWords);
  if (fault == Fault::kAcceptTwice && word == Word::kAccept) {
    fact::CallAccepted accepted;
    accepted.id = about;
    facts.push_back({Stream::kCall, 0, 0, std::move(accepted)});
  } else if (fault == Fault::kStrangerEnds && word == Word::kExcuse) {
    fact::CallEnded ended;
    ended.id = about;
    facts.push_back({Stream::kCall, 0, 0, ended});
  } else if (fault == Fault::kRefusalChanges) {
    facts.push_back({Stream::kUser, 0, 0, fact::UserSeen{}});
  }
}

void SpoilUpdates(Fault fault, std::vector<Effect>& effects) {
  ChangeUpdates(effects, [fault](Update& update, bool to_callee) {
    const bool message = update.kind == Update::Kind::kNewMessage;
    if (fault == Fault::kMessageLost) return !message;
    if (fault == Fault::kPtsGap && message) ++update.pts;
    if (fault == Fault::kTwoReasons && to_callee && update.call.reason) {
      update.call.reason = call::Reason::kDisconnect;
    }
    return true;
  });
}

}  // namespace

void Spoil(Fault fault, Move move, CallId about, std::vector<Fact>& facts,
           std::vector<Effect>& effects) {
  switch (fault) {
    case Fault::kNone:
    case Fault::kTimerStays:
      return;
    case Fault::kAcceptTwice:
    case Fault::kStrangerEnds:
    case Fault::kRefusalChanges:
      return SpoilRefusal(fault, move, about, facts, effects);
    case Fault::kMessageLost:
    case Fault::kPtsGap:
    case Fault::kTwoReasons:
      return SpoilUpdates(fault, effects);
    case Fault::kEndTwice:
      if (!facts.empty() && std::holds_alternative<fact::CallEnded>(facts.back().body)) {
        facts.push_back(Fact(facts.back()));
      }
      return;
    case Fault::kRingOn:
      std::erase_if(effects, [](const Effect& effect) {
        const auto* push = std::get_if<Push>(&effect);
        return push != nullptr && IsFor(*push, Player::kB2) &&
               Holds(*push->batch, CallView::Kind::kDiscarded);
      });
      return;
    case Fault::kResultLate:
      if (!effects.empty()) std::rotate(effects.begin(), effects.begin() + 1, effects.end());
      return;
    case Fault::kAcceptedTwice:
      return InsertPush(
          effects, CallView::Kind::kAccepted, [] { return 1; },
          [](const Push& push) { return Effect(push); });
    case Fault::kEarlySignal:
      return InsertPush(
          effects, CallView::Kind::kActive, [] { return 0; }, SignalFor);
  }
}

}  // namespace trunkline::book
