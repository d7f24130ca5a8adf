// Whole calls with the stock `telegram` package from npm against the real server process.
//   TRUNKLINE_SERVER=<path of trunkline-server> node --test calls.test.mjs

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { World, discarded, find, peerOf, protocol, publicValue, refused, sha256 } from './call.mjs';
import { Api, Inbox, within } from './connect.mjs';

const world = new World();
const { server } = world;
const signIn = (phone, options) => world.signIn(phone, options);

async function request(caller, callee, gA) {
  const result = await caller.invoke(new Api.phone.RequestCall({
    userId: new Api.InputUser({ userId: callee.id, accessHash: callee.accessHash }),
    randomId: crypto.randomInt(1, 2 ** 31 - 1),
    gAHash: sha256(gA),
    protocol: protocol(),
  }));
  assert.equal(result.phoneCall.className, 'PhoneCallWaiting');
  return result.phoneCall;
}

const discard = (client, peer, reason = new Api.PhoneCallDiscardReasonHangup()) =>
  client.invoke(new Api.phone.DiscardCall({ peer, duration: 7, reason, connectionId: BigInt(0) }));

for (const transport of ['full', 'abridged', 'obfuscated']) {
  test(`the documented example over ${transport}`, { timeout: 120000 }, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      'seed_example.mjs', '--host', '127.0.0.1', '--port', String(server.port), '--key', server.key, '--dc', '2',
      '--code', '12345', '--phones', '+9996620001,+9996620002', '--transport', transport,
    ], { cwd: import.meta.dirname ?? new URL('.', import.meta.url).pathname });
    assert.match(stdout, /^12\/12 steps held$/m);
    assert.doesNotMatch(stdout, /^FAIL/m);
  });
}

test('a second device of the callee can neither take nor end an accepted call', { timeout: 120000 }, async () => {
  const caller = await signIn('+9996620011');
  const first = await signIn('+9996620012');
  const second = await signIn('+9996620012');
  const [inCaller, inFirst, inSecond] = [caller, first, second].map((client) => new Inbox(client));
  const gA = publicValue();
  const gB = publicValue();

  const call = await request(caller, await find(caller, '+9996620012'), gA);
  const peer = peerOf(await inFirst.call('PhoneCallRequested'));
  const peerOnSecond = peerOf(await inSecond.call('PhoneCallRequested'));
  await first.invoke(new Api.phone.ReceivedCall({ peer }));
  const accepted = await first.invoke(new Api.phone.AcceptCall({ peer, gB, protocol: protocol() }));
  assert.equal(accepted.phoneCall.className, 'PhoneCallWaiting');
  assert.deepEqual((await inCaller.call('PhoneCallAccepted')).gB, gB);
  const elsewhere = await inSecond.call('PhoneCallDiscarded');
  assert.notEqual(elsewhere.reason?.className, 'PhoneCallDiscardReasonBusy');

  await refused(discard(second, peerOnSecond, new Api.PhoneCallDiscardReasonBusy()), 400, 'CALL_ALREADY_ACCEPTED');
  await refused(second.invoke(new Api.phone.AcceptCall({ peer: peerOnSecond, gB, protocol: protocol() })),
    400, 'CALL_ALREADY_ACCEPTED');
  await refused(first.invoke(new Api.phone.AcceptCall({ peer, gB, protocol: protocol() })), 400, 'CALL_ALREADY_ACCEPTED');

  const confirmed = await caller.invoke(new Api.phone.ConfirmCall({
    peer: peerOf(call), gA, keyFingerprint: BigInt(42), protocol: protocol(),
  }));
  assert.equal(confirmed.phoneCall.className, 'PhoneCall');
  assert.deepEqual((await inFirst.call('PhoneCall')).gAOrB, gA);

  // The call goes on: signalling still flows both ways, in order.
  for (const [from, to, at] of [[caller, inFirst, peerOf(call)], [first, inCaller, peer]]) {
    for (const word of ['offer', 'candidate']) {
      assert.equal(await from.invoke(new Api.phone.SendSignalingData({ peer: at, data: Buffer.from(word) })), true);
      const got = await to.next((u) => u.className === 'UpdatePhoneCallSignalingData', `signalling: ${word}`);
      assert.equal(got.data.toString(), word);
    }
  }

  const once = await discard(caller, peerOf(call));
  const twice = await discard(caller, peerOf(call));
  assert.equal(discarded(once).reason.className, 'PhoneCallDiscardReasonHangup');
  assert.equal(discarded(once).duration, 7);
  assert.equal(JSON.stringify(twice), JSON.stringify(once), 'the same Updates twice');
  assert.equal((await inFirst.call('PhoneCallDiscarded')).duration, 7);
  await refused(caller.invoke(new Api.phone.SendSignalingData({ peer: peerOf(call), data: Buffer.from('late') })),
    400, 'CALL_NOT_ACTIVE');
});

test('kill -9 between acceptCall and discardCall loses nothing', { timeout: 120000 }, async () => {
  const caller = await signIn('+9996620021');
  const callee = await signIn('+9996620022');
  const [inCaller, inCallee] = [caller, callee].map((client) => new Inbox(client));

  const call = await request(caller, await find(caller, '+9996620022'), publicValue());
  const peer = peerOf(await inCallee.call('PhoneCallRequested'));
  await callee.invoke(new Api.phone.AcceptCall({ peer, gB: publicValue(), protocol: protocol() }));
  await inCaller.call('PhoneCallAccepted');

  await server.kill();
  await server.start();

  // Both libraries reconnect by themselves with the auth key they have; nobody signs in again.
  const ended = await within(60000, discard(caller, peerOf(call)), 'discardCall after the restart');
  assert.equal(discarded(ended).id.toString(), call.id.toString());
  // Never established and ended by its caller: missed, whatever was sent.
  assert.equal(discarded(ended).reason.className, 'PhoneCallDiscardReasonMissed');
  const again = await within(60000, discard(callee, peer), 'the other side after the restart');
  assert.equal(discarded(again).reason.className, 'PhoneCallDiscardReasonMissed');
});

test('a restart in mid-session needs no new sign-in', { timeout: 120000 }, async () => {
  const client = await signIn('+9996620031', { transport: 'obfuscated' });
  const me = client.me.id.toString();
  assert.equal(await server.stop(), 0);
  await server.start();
  const [self] = await within(60000, client.invoke(new Api.users.GetUsers({ id: [new Api.InputUserSelf()] })),
    'users.getUsers after the restart');
  assert.equal(self.id.toString(), me);
  await refused(discard(client, new Api.InputPhoneCall({ id: BigInt('-4156887774564'), accessHash: BigInt(1) })),
    400, 'CALL_PEER_INVALID');
});
