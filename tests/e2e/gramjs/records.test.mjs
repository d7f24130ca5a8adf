// What a back office does to the record of a call, as the phones of the call see it: over HTTP there, with the stock
// `telegram` package from npm here.
//   TRUNKLINE_SERVER=<path of trunkline-server> node --test records.test.mjs      (the tool `trunkline` lies beside it)

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { World, find, newNumber, peerOf } from './call.mjs';
import { Api } from './connect.mjs';

const world = new World();
const { server } = world;
const limit = { timeout: 120000 };

/** What the operator's tool answers. */
async function tool(...args) {
  const { stdout } = await promisify(execFile)(path.join(path.dirname(server.binary), 'trunkline'), [
    '--data-dir', server.dir, ...args, '--json',
  ]);
  return JSON.parse(stdout);
}

/** Keys of the organization to which everybody belongs who signs in. */
function makeKeys() {
  return tool('keys', 'create', '--org', 'default',
    '--scopes', 'calls:read,calls:write,calls:purge,notes:write');
}

async function ask(method, target, token, body) {
  const answer = await fetch(server.http + target, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json().catch(() => undefined) };
}

/** A call that was declined; both phones have its message. */
async function declinedCall() {
  const [a, b] = [await world.device(newNumber()), await world.device(newNumber())];
  const bForA = await find(a.client, b.phone);
  const aForB = await find(b.client, a.phone);
  const call = await a.request(bForA);
  const ring = await b.call('PhoneCallRequested');
  await b.discard(peerOf(ring), 'Busy');
  await a.call('PhoneCallDiscarded');
  const ptsOfA = (await a.message()).pts;
  const ptsOfB = (await b.state()).pts;
  assert.equal((await messages(a, bForA)).length, 1);
  assert.equal((await messages(b, aForB)).length, 1);
  return { a, b, bForA, aForB, call, ptsOfA, ptsOfB };
}

async function messages(device, user) {
  const history = await device.invoke(new Api.messages.GetHistory({
    peer: new Api.InputPeerUser({ userId: user.id, accessHash: user.accessHash }),
    offsetId: 0, offsetDate: 0, addOffset: 0, limit: 100, maxId: 0, minId: 0, hash: BigInt(0),
  }));
  return history.messages;
}

/** The phone is told, its chat is empty, and whoever slept meanwhile learns it from the difference. */
async function seesDeletion(device, user, pts) {
  const deletion = await device.inbox.next((u) => u.className === 'UpdateDeleteMessages', 'updateDeleteMessages');
  assert.deepEqual([deletion.pts, deletion.ptsCount, deletion.messages.length], [pts + 1, 1, 1]);
  assert.deepEqual(await messages(device, user), []);
  const slept = await device.difference(pts);
  assert.deepEqual(slept.newMessages, []);
  assert.deepEqual(slept.otherUpdates.map((u) => u.className), ['UpdateDeleteMessages']);
  const wholeBox = await device.difference(1);
  assert.deepEqual(wholeBox.newMessages, []);
  assert.equal(wholeBox.state.pts, pts + 1);
}

test('a discarded record leaves the chat of its owner, and of nobody else', limit, async () => {
  const keys = await makeKeys();
  const { a, b, bForA, aForB, call, ptsOfA, ptsOfB } = await declinedCall();
  const target = `/api/calls/${call.id}/discard`;
  const first = await ask('POST', target, keys.jwt);
  assert.deepEqual([first.status, first.body.message], [200, 'Call discarded']);
  await seesDeletion(a, bForA, ptsOfA);
  assert.equal((await b.state()).pts, ptsOfB);
  assert.equal((await messages(b, aForB)).length, 1);
  const second = await ask('POST', target, keys.jwt);
  assert.deepEqual([second.status, second.body.message], [200, 'Call not found, nothing to discard']);
  assert.equal((await a.state()).pts, ptsOfA + 1, 'nothing happens twice');
});

test('a live call whose record is discarded is hung up, and its message comes and goes', limit, async () => {
  const keys = await makeKeys();
  const [a, b] = [await world.device(newNumber()), await world.device(newNumber())];
  const bForA = await find(a.client, b.phone);
  const call = await a.request(bForA);
  await b.call('PhoneCallRequested');
  assert.equal((await ask('POST', `/api/calls/${call.id}/discard`, keys.jwt)).body.message, 'Call discarded');
  for (const phone of [a, b]) assert.equal((await phone.call('PhoneCallDiscarded')).id.toString(), call.id.toString());
  await seesDeletion(a, bForA, (await a.message()).pts);
});

test('a purged call leaves the chats of both phones', limit, async () => {
  const keys = await makeKeys();
  const { a, b, bForA, aForB, call, ptsOfA, ptsOfB } = await declinedCall();
  const { body: { call: record } } = await ask('GET', `/api/calls/${call.id}`, keys.jwt);
  const purged = await ask('POST', '/purge/v1/calls', keys.jwt, { ids: [record.callId] });
  assert.equal(purged.status, 200);
  assert.equal(purged.body.items[0].status, 'Purging');
  await seesDeletion(a, bForA, ptsOfA);
  await seesDeletion(b, aForB, ptsOfB);
  assert.equal((await ask('GET', `/api/v1/calls/${record.callId}`, keys.api_key)).status, 404);
});

test('who was added before signs in as that user, without a sign-up', limit, async () => {
  await world.start();
  await tool('orgs', 'add', '--name', 'Branch');
  const phone = newNumber();
  const added = await tool('users', 'add', '--org', 'branch', '--phone', phone, '--name', 'Cleo van Berg');
  const { client: { me } } = await world.device(phone);
  assert.deepEqual([me.firstName, me.lastName], ['Cleo', 'van Berg']);
  assert.equal(BigInt(`0x${added.id}`).toString(), me.id.toString());
});
