// What time does to calls, and a store that refuses, with the server's clock and store in the test's hand
// (--test-clock), told by the stock `telegram` package from npm.
//   TRUNKLINE_SERVER=<path of trunkline-server> node --test clock.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World, contentOf, discarded, find, newNumber, peerOf, publicValue, reasonOf, refused } from './call.mjs';
import { Api, within } from './connect.mjs';

const world = new World(['--test-clock']);
const limit = { timeout: 120000 };
const seconds = (n) => n * 1000;

// As the server is configured by default, with the grace it gives to timers of clients.
const receiveDeadline = seconds(20 + 5);
const ringDeadline = seconds(90 + 5);
const connectDeadline = seconds(30);

async function control(path, body) {
  const answer = await fetch(`${world.server.http}/test/v1/${path}`, body && {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200, `${path} ${JSON.stringify(body)}: ${answer.status}`);
  return answer;
}

/** Resolves when every deadline that became due has fired and is on disk. */
const advance = async (ms) => (await (await control('clock', { advance_ms: ms })).json()).now_ms;
const now = async () => (await (await control('clock')).json()).now_ms;
const refuseGroups = (groups) => control('faults', { store: 'refuse', groups });

async function pair() {
  const a = await world.device(newNumber());
  const b = await world.device(newNumber());
  return { a, b, bForA: await find(a.client, b.phone) };
}

/** The call ends for the device just now, and not a moment earlier. */
async function endsAfter(ms, device, others, call) {
  await advance(ms - 1);
  for (const one of [device, ...others]) {
    assert.ok(!(await one.unseen()).includes('PhoneCallDiscarded'), 'one millisecond before');
  }
  await advance(1);
  const end = await device.call('PhoneCallDiscarded');
  assert.equal(end.id.toString(), call.id.toString());
  return end;
}

test('the clock of calls stands still unless it is moved', limit, async () => {
  const before = await now();
  assert.equal(await advance(1500), before + 1500);
  assert.equal(await now(), before + 1500);
});

test('nobody is there to receive it: missed', limit, async () => {
  const { a, b, bForA } = await pair();
  await b.leave();
  const call = await a.request(bForA);
  const end = await endsAfter(receiveDeadline, a, [], call);
  assert.deepEqual([reasonOf(end), end.duration ?? undefined], ['Missed', undefined]);
  assert.deepEqual(await a.message(), {
    call: call.id.toString(), reason: 'Missed', duration: undefined, out: true, pts: 2,
  });
  const back = await world.again(b);
  const { newMessages } = await back.difference(1);
  assert.deepEqual(newMessages.map(contentOf), [
    { call: call.id.toString(), reason: 'Missed', duration: undefined, out: false },
  ]);
  assert.deepEqual(await back.unseen(), [], 'it does not ring any more');
});

test('a phone that was reached and never says so rings as long as one that did', limit, async () => {
  const { a, b, bForA } = await pair();
  const call = await a.request(bForA);
  await b.call('PhoneCallRequested');
  const end = await endsAfter(ringDeadline, a, [b], call);
  assert.equal(reasonOf(end), 'Missed');
  assert.equal(reasonOf(await b.call('PhoneCallDiscarded')), 'Missed');
});

test('it rings and nobody answers: missed on every device', limit, async () => {
  const { a, b, bForA } = await pair();
  const b2 = await world.device(b.phone);
  const call = await a.request(bForA);
  const ring = await b.call('PhoneCallRequested');
  await b2.call('PhoneCallRequested');
  await advance(seconds(10));
  await b.received(peerOf(ring)); // the ring is measured from here
  const end = await endsAfter(ringDeadline, a, [b, b2], call);
  assert.equal(reasonOf(end), 'Missed');
  for (const device of [b, b2]) {
    assert.equal(reasonOf(await device.call('PhoneCallDiscarded')), 'Missed');
    assert.equal((await device.message()).reason, 'Missed');
  }
  await refused(b.accept(peerOf(ring)), 400, 'CALL_ALREADY_DECLINED');
});

test("a callee's own timer that ends the ring is no decline", limit, async () => {
  const { a, b, bForA } = await pair();
  await a.request(bForA);
  const ring = await b.call('PhoneCallRequested');
  await b.received(peerOf(ring));
  await advance(seconds(89));
  assert.equal(reasonOf(discarded(await b.discard(peerOf(ring), 'Busy'))), 'Missed');
  assert.equal(reasonOf(await a.call('PhoneCallDiscarded')), 'Missed');
});

test('accepted and never confirmed: disconnected for both', limit, async () => {
  const { a, b, bForA } = await pair();
  const call = await a.request(bForA);
  const ring = await b.call('PhoneCallRequested');
  await b.accept(peerOf(ring));
  const end = await endsAfter(connectDeadline, a, [b], call);
  assert.deepEqual([reasonOf(end), end.duration ?? undefined], ['Disconnect', undefined]);
  assert.equal(reasonOf(await b.call('PhoneCallDiscarded')), 'Disconnect');
  for (const device of [a, b]) assert.equal((await device.message()).reason, 'Disconnect');
});

test('people who talk are left alone by timers', limit, async () => {
  const { a, b, bForA } = await pair();
  const gA = publicValue();
  const call = await a.request(bForA, { gA });
  const ring = await b.call('PhoneCallRequested');
  await b.accept(peerOf(ring));
  await a.call('PhoneCallAccepted');
  await a.confirm(peerOf(call), gA);
  await b.call('PhoneCall');
  await advance(seconds(3 * 3600));
  for (const device of [a, b]) assert.deepEqual(await device.unseen(), []);
  assert.equal((await b.discard(peerOf(ring), 'Hangup', 10800)).updates.length, 2);
});

test('the store refuses: CALL_OCCUPY_FAILED, nothing has happened, and the repeat succeeds', limit, async () => {
  const { a, b, bForA } = await pair();
  const gA = publicValue();
  const once = async (step) => {
    await refuseGroups(1);
    await refused(step(), 500, 'CALL_OCCUPY_FAILED');
    for (const device of [a, b]) assert.deepEqual(await device.unseen(), [], 'nobody is told of what is not on disk');
    return step();
  };
  const fields = { randomId: 4711 };
  const call = (await once(() => a.ask(bForA, { gA, fields }))).phoneCall;
  const ring = await b.call('PhoneCallRequested');
  assert.equal(ring.id.toString(), call.id.toString());
  await once(() => b.received(peerOf(ring)));
  assert.ok((await a.call('PhoneCallWaiting')).receiveDate);
  await once(() => b.accept(peerOf(ring)));
  await a.call('PhoneCallAccepted');
  await once(() => a.confirm(peerOf(call), gA));
  await b.call('PhoneCall');
  const end = await once(() => a.discard(peerOf(call)));
  assert.equal(reasonOf(discarded(end)), 'Hangup');
  await b.call('PhoneCallDiscarded');
  const { pts } = await b.message();
  assert.equal(pts, 2, 'one message, one pts');
});

test('three refused groups are three refusals', limit, async () => {
  const { a, b, bForA } = await pair();
  await refuseGroups(3);
  const fields = { randomId: 4712 };
  for (let i = 0; i < 3; ++i) await refused(a.ask(bForA, { fields }), 500, 'CALL_OCCUPY_FAILED');
  const call = (await a.ask(bForA, { fields })).phoneCall;
  await b.call('PhoneCallRequested');
  await a.discard(peerOf(call), 'Missed');
});

test('a deadline that the store refuses fires later', limit, async () => {
  const { a, b, bForA } = await pair();
  const call = await a.request(bForA);
  await b.call('PhoneCallRequested');
  await refuseGroups(1);
  await advance(ringDeadline);
  const end = await a.call('PhoneCallDiscarded', () => true, 15000);
  assert.deepEqual([end.id.toString(), reasonOf(end)], [call.id.toString(), 'Missed']);
  assert.equal((await a.message()).pts, 2);
  assert.equal((await b.message()).pts, 2);
});

// The last one: it ends the server.
test('a store that fails ends the process, and the call lives on in the next one', limit, async () => {
  const { a, b, bForA } = await pair();
  const call = await a.request(bForA);
  const ring = await b.call('PhoneCallRequested');
  await control('faults', { store: 'fail' });
  const lost = a.discard(peerOf(call), 'Missed').catch(() => {}); // the library asks again once it is connected again
  const { code } = await within(20000, world.server.exited, 'the end of the server');
  assert.equal(code, 70);
  await world.server.start();
  await within(60000, lost, 'the repeated discardCall');
  const again = await within(60000, b.client.invoke(new Api.phone.ReceivedCall({ peer: peerOf(ring) }))
    .then(() => 'still rings', (error) => error.errorMessage), 'the other side');
  assert.ok(['still rings', 'CALL_ALREADY_DECLINED'].includes(again), again);
});
