#include "server/api/notes.h"

#include <algorithm>

#include "boost/json.hpp"
#include "server/api/body.h"
#include "server/api/call_json.h"
#include "server/api/query.h"
#include "server/records/people.h"

namespace trunkline::api {
namespace {

namespace json = boost::json;
using absl::StatusOr;
using records::Ledger;
using records::Live;
using records::NoteChange;
using records::NoteResult;
using records::NoteText;
using records::Oid;
using records::Reader;

constexpr std::int64_t kNotesPageDefault = 50, kNotesPageMax = 500, kSkipMax = 1'000'000'000;
constexpr std::size_t kNoteCharactersMax = 10'000, kCommentCharactersMax = 10'000;

http::Answer Message(unsigned status, const char* message) {
  return JsonAnswer({{"message", message}}, status);
}

// False: answered.
bool HasCallId(const ExchangePtr& exchange) {
  if (Oid::Parse(exchange->params[0])) return true;
  exchange->respond(Message(400, "id must be a 24-character call ID"));
  return false;
}

http::Answer ShowChange(const NoteChange& change) {
  if (change.result == NoteResult::kNoCall) return Message(404, "Call not found");
  if (change.result == NoteResult::kNoNote) return Message(404, "Note not found");
  if (!change.call) return Failure(Surface::kNotes, absl::InternalError("no call"));
  return JsonAnswer(NotesCall(*change.call, /*keep_empty_notes=*/true));
}

struct NoteBody {
  std::string content;
  std::optional<bool> flagged;
};
NoteBody ReadNote(Fields& fields) {
  NoteBody note;
  const auto content = fields.Text("content", true);
  if (content) {
    const std::size_t characters = CharactersIn(*content);
    if (characters < 1 || characters > kNoteCharactersMax) {
      fields.Blame("content", "expected 1 to 10000 characters");
    }
    note.content = *content;
  }
  note.flagged = fields.Flag("flagged");
  return note;
}

// `read` makes of a body what `change` does; before it: the media type and the call's id.
template <class Read, class Work>
void ChangeCall(const ExchangePtr& exchange, Read read, Work work) {
  if (!IsJsonType(exchange->request.content_type)) {
    return exchange->respond(WrongMediaType(exchange->surface));
  }
  if (!HasCallId(exchange)) return;
  Fields fields(exchange->request.body);
  auto body = read(fields);
  if (!fields.good()) return exchange->respond(Invalid(exchange->surface, fields.wrongs()));
  Change(
      exchange,
      [exchange, body = std::move(body), work](Ledger& ledger, Live&) {
        return work(ledger, *exchange, body);
      },
      ShowChange);
}

// A note that isn't said to be flagged or not stays as it is.
StatusOr<bool> IsFlagged(Reader& reader, Oid organization, std::string_view call,
                         std::string_view note) {
  const auto found = reader.Find(organization, call);
  if (!found.ok()) return found.status();
  const auto id = Oid::Parse(note);
  if (!*found || !id) return false;
  const auto& notes = (*found)->notes;
  return std::any_of(notes.begin(), notes.end(),
                     [&](const records::Note& one) { return one.id == *id && one.flagged; });
}

StatusOr<NoteChange> Update(Ledger& ledger, const Exchange& exchange, const NoteBody& body) {
  const std::string &call = exchange.params[0], &note = exchange.params[1];
  NoteText text{body.content, body.flagged.value_or(false)};
  if (!body.flagged) {
    const auto flagged = IsFlagged(ledger.reader(), exchange.who.organization, call, note);
    if (!flagged.ok()) return flagged.status();
    text.flagged = *flagged;
  }
  return ledger.UpdateNote(exchange.actor(), call, note, text, exchange.now_ms);
}

struct RatingBody {
  std::int32_t stars = 0;
  std::string comment;
};

struct ListRequest {
  records::CallFilter filter;
  bool nothing = false;  // asks for what no call has
};
ListRequest ReadList(Query& query, const Exchange& exchange) {
  ListRequest list;
  records::CallFilter& filter = list.filter;
  filter.limit =
      std::min(query.Number("limit", 1, kSkipMax).value_or(kNotesPageDefault), kNotesPageMax);
  filter.offset = query.Number("skip", 0, kSkipMax).value_or(0);
  filter.notes_statuses = query.List("statuses");
  filter.from_ms = query.Time("start");
  filter.until_ms = query.Time("end");
  filter.search = query.Text("search").value_or("");
  if (const auto type = query.Text("type")) {
    if (*type != "Inbound" && *type != "Outbound") query.Blame("type", "Inbound or Outbound");
    filter.direction =
        *type == "Inbound" ? records::Direction::kInbound : records::Direction::kOutbound;
  }
  if (const auto sort = query.Text("sort")) {
    if (*sort != "asc" && *sort != "desc") query.Blame("sort", "asc or desc");
    filter.ascending = *sort == "asc";
  }
  if (query.Text("ratings")) query.Blame("ratings", "this filter isn't there");
  // Live and ingested calls have neither, and all have the one use case of their organization.
  list.nothing = !query.List("tags").empty() || !query.List("campaign_ids").empty();
  const auto use_cases = query.List("use_cases");
  const auto is_own = [&](const std::string& id) {
    return Oid::Parse(id) == exchange.who.organization;
  };
  if (!use_cases.empty() && std::none_of(use_cases.begin(), use_cases.end(), is_own)) {
    list.nothing = true;
  }
  return list;
}

}  // namespace

void ListNotesCalls(const ExchangePtr& exchange) {
  Query query(*exchange);
  const ListRequest list = ReadList(query, *exchange);
  if (!query.good()) return exchange->respond(Invalid(exchange->surface, query.wrongs()));
  const auto show = [](const records::CallPage& page) {
    json::array calls;
    for (const records::Call& call : page.calls) calls.push_back(NotesCall(call, false));
    return JsonAnswer({{"calls", std::move(calls)}, {"total", page.total}});
  };
  if (list.nothing) return exchange->respond(show({}));
  Read(
      exchange,
      [exchange, filter = list.filter](Reader& reader) {
        return reader.List(exchange->who.organization, filter);
      },
      show);
}

void GetNotesCall(const ExchangePtr& exchange) {
  if (!HasCallId(exchange)) return;
  Read(
      exchange,
      [exchange](Reader& reader) {
        return reader.Find(exchange->who.organization, exchange->params[0]);
      },
      [](const std::optional<records::Call>& call) {
        return call ? JsonAnswer(NotesCall(*call, false)) : Message(404, "Call not found");
      });
}

void AddNote(const ExchangePtr& exchange) {
  ChangeCall(exchange, ReadNote, [](Ledger& ledger, const Exchange& one, const NoteBody& body) {
    return ledger.AddNote(one.actor(), one.params[0], {body.content, body.flagged.value_or(false)},
                          one.now_ms);
  });
}

void UpdateNote(const ExchangePtr& exchange) {
  ChangeCall(exchange, ReadNote, Update);
}

void RemoveNote(const ExchangePtr& exchange) {
  if (!HasCallId(exchange)) return;
  if (exchange->params[1].empty()) {
    return exchange->respond(Invalid(exchange->surface, {{"noteId", "required"}}));
  }
  Change(
      exchange,
      [exchange](Ledger& ledger, Live&) {
        return ledger.RemoveNote(exchange->actor(), exchange->params[0], exchange->params[1],
                                 exchange->now_ms);
      },
      ShowChange);
}

void RateCall(const ExchangePtr& exchange) {
  ChangeCall(
      exchange,
      [](Fields& fields) {
        RatingBody rating;
        rating.stars = static_cast<std::int32_t>(fields.Number("stars", 1, 5, true).value_or(0));
        rating.comment = fields.Text("comment").value_or("");
        if (CharactersIn(rating.comment) > kCommentCharactersMax) {
          fields.Blame("comment", "expected at most 10000 characters");
        }
        return rating;
      },
      [](Ledger& ledger, const Exchange& one, const RatingBody& rating) {
        return ledger.Rate(one.actor(), one.params[0], rating.stars, rating.comment, one.now_ms);
      });
}

void MarkViewed(const ExchangePtr& exchange) {
  ChangeCall(
      exchange,
      [](Fields& fields) {
        const std::string email = fields.Text("email", true).value_or("");
        const bool plausible = email.find('@') != std::string::npos &&
                               email.size() <= records::kEmailBytesMax &&
                               email.find_first_of(" \r\n\t") == std::string::npos;
        if (!plausible && fields.good()) fields.Blame("email", "expected an e-mail address");
        return email;
      },
      [](Ledger& ledger, const Exchange& one, const std::string& email) {
        return ledger.MarkViewed(one.actor(), one.params[0], email, one.now_ms);
      });
}

}  // namespace trunkline::api
