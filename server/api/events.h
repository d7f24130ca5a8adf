// /api/events and /api/webhooks: what happens to an organization's records, as it happens.
#pragma once

#include "server/api/exchange.h"

namespace trunkline::api {

// Server-sent events from Last-Event-ID or ?after= on, else from now.
void GetEvents(const ExchangePtr& exchange);

void ListWebhooks(const ExchangePtr& exchange);
void PutWebhook(const ExchangePtr& exchange);      // params: name
void RemoveWebhook(const ExchangePtr& exchange);   // params: name
void GetDeadLetters(const ExchangePtr& exchange);  // params: name

}  // namespace trunkline::api
