// /api/v1/calls, also at /calls: notes on calls, ratings, who has seen them, lists.
#pragma once

#include "server/api/exchange.h"

namespace trunkline::api {

void ListNotesCalls(const ExchangePtr& exchange);
void GetNotesCall(const ExchangePtr& exchange);  // params: call
void AddNote(const ExchangePtr& exchange);       // params: call
void UpdateNote(const ExchangePtr& exchange);    // params: call, note
void RemoveNote(const ExchangePtr& exchange);    // params: call, note
void RateCall(const ExchangePtr& exchange);      // params: call
void MarkViewed(const ExchangePtr& exchange);    // params: call

}  // namespace trunkline::api
