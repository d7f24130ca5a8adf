// Calls between people with several devices, told by the stock `telegram` package from npm.
//   TRUNKLINE_SERVER=<path of trunkline-server> node --test devices.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World, contentOf, discarded, find, newNumber, peerOf, publicValue, reasonOf, refused } from './call.mjs';
import { Api } from './connect.mjs';

const world = new World();
const limit = { timeout: 120000 };

/** Two users with one device each, who know each other. */
async function pair() {
  const a = await world.device(newNumber());
  const b = await world.device(newNumber());
  return { a, b, bForA: await find(a.client, b.phone), aForB: await find(b.client, a.phone) };
}

async function established(a, b, bForA) {
  const gA = publicValue();
  const call = await a.request(bForA, { gA });
  const ring = await b.call('PhoneCallRequested');
  await b.received(peerOf(ring));
  await b.accept(peerOf(ring));
  await a.call('PhoneCallAccepted');
  const active = await a.confirm(peerOf(call), gA);
  await b.call('PhoneCall');
  await a.unseen(); // the first phoneCallWaiting is one of those
  a.inbox.seen.length = 0;
  return { id: call.id.toString(), atA: peerOf(call), atB: peerOf(ring), active };
}

const own = (updates) => contentOf(updates.updates.find((u) => u.className === 'UpdateNewMessage').message);

test('five devices ring, one answers, four stop', limit, async () => {
  const a = await world.device(newNumber());
  const number = newNumber();
  const phones = [];
  for (let i = 0; i < 5; ++i) phones.push(await world.device(number));
  const gA = publicValue();
  const call = await a.request(await find(a.client, number), { gA });
  const rings = await Promise.all(phones.map((phone) => phone.call('PhoneCallRequested')));
  assert.deepEqual([...new Set(rings.map((ring) => ring.id.toString()))], [call.id.toString()]);
  const peer = peerOf(rings[0]);
  for (const answer of await Promise.all(phones.map((phone) => phone.received(peer)))) assert.equal(answer, true);
  assert.ok((await a.call('PhoneCallWaiting')).receiveDate);
  assert.deepEqual(await a.unseen(), [], 'told once that it rings');

  const [third] = phones.splice(2, 1);
  await third.accept(peer);
  await a.call('PhoneCallAccepted');
  for (const phone of phones) {
    const stopped = await phone.call('PhoneCallDiscarded');
    assert.equal(stopped.id.toString(), call.id.toString());
    assert.notEqual(reasonOf(stopped), 'Busy', 'no busy tone where it is answered elsewhere');
    assert.equal(stopped.duration ?? undefined, undefined);
    await refused(phone.accept(peer), 400, 'CALL_ALREADY_ACCEPTED');
    await refused(phone.discard(peer, 'Busy'), 400, 'CALL_ALREADY_ACCEPTED');
  }
  await a.confirm(peerOf(call), gA);
  await third.call('PhoneCall');
  for (const phone of phones) assert.deepEqual(await phone.unseen(), [], 'nothing of a call that others talk in');

  const end = await third.discard(peer, 'Hangup', 12);
  assert.deepEqual(own(end), { call: call.id.toString(), reason: 'Hangup', duration: 12, out: false });
  assert.equal((await a.call('PhoneCallDiscarded')).duration, 12);
  for (const phone of phones) {
    assert.deepEqual((await phone.message()).call, call.id.toString(), 'the other devices have its message');
    assert.deepEqual(await phone.unseen(), []);
  }
  assert.deepEqual(await third.unseen(), [], 'the device that hung up has it in the answer, and only there');
});

test('a decline on one device ends the call for all', limit, async () => {
  const a = await world.device(newNumber());
  const number = newNumber();
  const phones = [await world.device(number), await world.device(number), await world.device(number)];
  const call = await a.request(await find(a.client, number));
  const rings = await Promise.all(phones.map((phone) => phone.call('PhoneCallRequested')));
  const peer = peerOf(rings[0]);
  for (const ring of rings) assert.deepEqual(peerOf(ring), peer, 'one access hash for all devices of a user');
  await Promise.all(phones.map((phone) => phone.received(peer)));
  const end = await phones[1].discard(peer, 'Busy', 0);
  assert.equal(reasonOf(discarded(end)), 'Busy');
  assert.deepEqual(own(end), { call: call.id.toString(), reason: 'Busy', duration: undefined, out: false });
  assert.equal(reasonOf(await a.call('PhoneCallDiscarded')), 'Busy');
  assert.equal((await a.message()).reason, 'Busy');
  for (const phone of [phones[0], phones[2]]) {
    assert.notEqual(reasonOf(await phone.call('PhoneCallDiscarded')), 'Busy');
    assert.equal((await phone.message()).reason, 'Busy');
    assert.deepEqual(await phone.unseen(), []);
  }
  await refused(phones[0].accept(peer), 400, 'CALL_ALREADY_DECLINED');
});

test('somebody in a call is busy', limit, async () => {
  const { a, b, bForA } = await pair();
  const c = await world.device(newNumber());
  const bForC = await find(c.client, b.phone);
  const live = await established(a, b, bForA);

  const call = await c.request(bForC);
  const end = await c.call('PhoneCallDiscarded');
  assert.equal(end.id.toString(), call.id.toString());
  assert.equal(reasonOf(end), 'Busy');
  assert.deepEqual((await c.message()).reason, 'Busy');
  assert.equal((await b.message()).call, call.id.toString(), 'who is busy finds the call in the history');
  assert.deepEqual(await b.unseen(), [], 'and does not hear it ring');
  assert.deepEqual(await a.unseen(), [], 'nor does anybody else');

  await b.discard(live.atB);
  await a.call('PhoneCallDiscarded');
  const free = await c.request(bForC);
  assert.equal((await b.call('PhoneCallRequested')).id.toString(), free.id.toString(), 'rings again afterwards');
  await c.discard(peerOf(free), 'Missed');
});

test('a caller who is being talked to is busy, and who merely rings is too', limit, async () => {
  const { a, b, bForA } = await pair();
  const c = await world.device(newNumber());
  const call = await a.request(bForA);
  const ring = await b.call('PhoneCallRequested');
  await b.received(peerOf(ring));
  await c.request(await find(c.client, b.phone));
  assert.equal(reasonOf(await c.call('PhoneCallDiscarded')), 'Busy', 'a phone that rings');
  await b.accept(peerOf(ring));
  await c.request(await find(c.client, a.phone));
  assert.equal(reasonOf(await c.call('PhoneCallDiscarded')), 'Busy', 'a caller who was answered');
  await a.discard(peerOf(call));
});

test('both call each other: the second call is busy, the first goes on', limit, async () => {
  const { a, b, bForA, aForB } = await pair();
  const gA = publicValue();
  const first = await a.request(bForA, { gA });
  const second = await b.request(aForB);
  assert.notEqual(first.id.toString(), second.id.toString());
  const end = await b.call('PhoneCallDiscarded');
  assert.equal(end.id.toString(), second.id.toString());
  assert.equal(reasonOf(end), 'Busy');
  assert.equal((await a.message()).call, second.id.toString());
  assert.deepEqual(await a.unseen(), [], 'the one who was first does not ring');

  const ring = await b.call('PhoneCallRequested', (c) => c.id.toString() === first.id.toString());
  await b.received(peerOf(ring));
  await b.accept(peerOf(ring));
  await a.call('PhoneCallAccepted');
  await a.confirm(peerOf(first), gA);
  assert.deepEqual((await b.call('PhoneCall')).gAOrB, gA);
  await b.discard(peerOf(ring));
});

test('both call each other at the same moment: exactly one call rings', limit, async () => {
  const { a, b, bForA, aForB } = await pair();
  const calls = await Promise.all([a.request(bForA), b.request(aForB)]);
  const ends = await Promise.any([
    a.call('PhoneCallDiscarded').then((end) => ({ end, other: b })),
    b.call('PhoneCallDiscarded').then((end) => ({ end, other: a })),
  ]);
  assert.equal(reasonOf(ends.end), 'Busy');
  const alive = calls.find((call) => call.id.toString() !== ends.end.id.toString());
  const loser = ends.other === a ? b : a;
  assert.equal((await loser.call('PhoneCallRequested')).id.toString(), alive.id.toString());
  await ends.other.discard(peerOf(alive), 'Missed');
});

test('who is blocked can not call, and who blocked still can', limit, async () => {
  const { a, b, bForA, aForB } = await pair();
  const id = new Api.InputPeerUser({ userId: aForB.id, accessHash: aForB.accessHash });
  assert.equal(await b.invoke(new Api.contacts.Block({ id })), true);
  await refused(a.ask(bForA), 403, 'USER_IS_BLOCKED');
  const back = await b.request(aForB);
  await a.call('PhoneCallRequested');
  await b.discard(peerOf(back), 'Missed');
  assert.equal(await b.invoke(new Api.contacts.Unblock({ id })), true);
  const call = await a.request(bForA);
  await b.call('PhoneCallRequested');
  await a.discard(peerOf(call), 'Missed');
});

test('privacy says who may call, and whether directly', limit, async () => {
  const { a, b, bForA, aForB } = await pair();
  const stranger = await world.device(newNumber());
  const bForStranger = await find(stranger.client, b.phone);
  const set = (key, rules) => b.invoke(new Api.account.SetPrivacy({ key, rules }));
  const calls = new Api.InputPrivacyKeyPhoneCall();

  await set(calls, [new Api.InputPrivacyValueDisallowAll()]);
  await refused(a.ask(bForA), 403, 'USER_PRIVACY_RESTRICTED');
  const full = await a.invoke(new Api.users.GetFullUser({
    id: new Api.InputUser({ userId: bForA.id, accessHash: bForA.accessHash }),
  }));
  assert.equal(full.fullUser.phoneCallsPrivate, true, 'clients hide the button');

  await set(calls, [new Api.InputPrivacyValueAllowContacts(), new Api.InputPrivacyValueDisallowAll()]);
  await refused(stranger.ask(bForStranger), 403, 'USER_PRIVACY_RESTRICTED');
  const user = new Api.InputUser({ userId: aForB.id, accessHash: aForB.accessHash });
  await set(calls, [new Api.InputPrivacyValueAllowUsers({ users: [user] }), new Api.InputPrivacyValueDisallowAll()]);
  await refused(stranger.ask(bForStranger), 403, 'USER_PRIVACY_RESTRICTED');

  const direct = await established(a, b, bForA);
  assert.equal(Boolean(direct.active.p2pAllowed), true);
  await a.discard(direct.atA);
  await set(new Api.InputPrivacyKeyPhoneP2P(), [new Api.InputPrivacyValueDisallowAll()]);
  await b.unseen();
  b.inbox.seen.length = 0;
  const relayed = await established(a, b, bForA);
  assert.equal(Boolean(relayed.active.p2pAllowed), false, 'one side is enough to forbid it');
  assert.ok(relayed.active.connections.length > 0);
  await a.discard(relayed.atA);
});

test('a callee who connects in mid-ring hears it', limit, async () => {
  const { a, b, bForA } = await pair();
  await b.leave();
  const gA = publicValue();
  const call = await a.request(bForA, { gA });
  assert.deepEqual(await a.unseen(), [], 'nobody has received it yet');

  const back = await world.again(b);
  const ring = await back.call('PhoneCallRequested');
  assert.equal(ring.id.toString(), call.id.toString());
  await back.received(peerOf(ring));
  assert.ok((await a.call('PhoneCallWaiting')).receiveDate);
  const newcomer = await world.device(b.phone);
  const onNewcomer = await newcomer.call('PhoneCallRequested');
  await newcomer.accept(peerOf(onNewcomer));
  await a.call('PhoneCallAccepted');
  await back.call('PhoneCallDiscarded');
  await a.confirm(peerOf(call), gA);
  await newcomer.call('PhoneCall');
  await a.discard(peerOf(call));
});

test('the difference after a sleep has each message once', limit, async () => {
  const { a, b, bForA } = await pair();
  const { pts } = await b.state();
  await b.leave();
  const missed = [];
  for (let i = 0; i < 3; ++i) {
    const call = await a.request(bForA);
    await a.discard(peerOf(call), 'Missed');
    missed.push(call.id.toString());
  }
  const ringing = await a.request(bForA);

  const back = await world.again(b);
  const all = await back.difference(pts);
  assert.equal(all.className, 'updates.Difference');
  assert.deepEqual(all.newMessages.map((m) => contentOf(m).call), missed);
  for (const message of all.newMessages) {
    assert.deepEqual([contentOf(message).reason, contentOf(message).out], ['Missed', false]);
  }
  assert.equal(all.state.pts, pts + 3);
  assert.ok(all.users.some((u) => u.id.toString() === a.client.me.id.toString()), 'whom the messages name');
  const rings = all.otherUpdates.map((u) => u.phoneCall);
  assert.deepEqual(rings.map((ring) => [ring.className, ring.id.toString()]),
    [['PhoneCallRequested', ringing.id.toString()]], 'what still rings');

  const rest = await back.difference(pts + 2);
  assert.deepEqual(rest.newMessages.map((m) => contentOf(m).call), missed.slice(2), 'from where the client is');
  await a.discard(peerOf(ringing), 'Missed');
  assert.equal((await back.message()).pts, pts + 4, 'pushes go on where the difference ended');
  const last = await back.difference(pts + 4);
  assert.equal(last.className, 'updates.DifferenceEmpty');
  assert.equal((await back.difference(pts + 100)).className, 'updates.DifferenceTooLong', 'a client that is ahead');
});
