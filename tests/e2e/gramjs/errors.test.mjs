// Every error that a method of calls can be answered with, provoked by the stock `telegram` package, and the
// documented ones that this server never answers. The table is printed, and docs/errors-of-calls.md is it:
//   TRUNKLINE_UPDATE_DOCS=1 tests/e2e/gramjs/run SERVER_BINARY WORK_DIR

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { before, test } from 'node:test';
import { World, find, newNumber, peerOf, protocol, publicValue, reasonOf, refused } from './call.mjs';
import { Api } from './connect.mjs';
import { errorsPage } from './errors_page.mjs';

const token = '1000001:trunkline-test-bot';
const tokens = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'trunkline-bots-')), 'tokens');
fs.writeFileSync(tokens, `${token}\n`, { mode: 0o600 });
const world = new World(['--bots-tokens-file', tokens]);

let a, a2, b, b2, c, bot, nobody, bForA, aForB;
before(async () => {
  a = await world.device(newNumber());
  a2 = await world.device(a.phone);
  b = await world.device(newNumber());
  b2 = await world.device(b.phone);
  c = await world.device(newNumber());
  bot = await world.nobody((client) => client.start({ botAuthToken: token }));
  nobody = await world.nobody();
  bForA = await find(a.client, b.phone);
  aForB = await find(b.client, a.phone);
});

// ------------------------------------------------------------- calls to begin with

const id = (call) => call.id.toString();
const unknown = new Api.InputPhoneCall({ id: BigInt('4156887774564'), accessHash: BigInt(1) });
const wrongHash = (peer) => new Api.InputPhoneCall({ id: peer.id, accessHash: peer.accessHash.add(1) });
const at = (device, name, call) => device.call(name, (seen) => id(seen) === id(call));

async function ringing() {
  const gA = publicValue();
  const call = await a.request(bForA, { gA });
  return { call, gA, atA: peerOf(call), atB: peerOf(await at(b, 'PhoneCallRequested', call)) };
}

async function accepted() {
  const live = await ringing();
  await b.accept(live.atB);
  await at(a, 'PhoneCallAccepted', live.call);
  return live;
}

async function active() {
  const live = await accepted();
  await a.confirm(live.atA, live.gA);
  await at(b, 'PhoneCall', live.call);
  return live;
}

async function ended() {
  const live = await ringing();
  await a.discard(live.atA, 'Missed');
  return live;
}

/** Runs the steps with a call, and ends the call whatever comes of them. */
async function within(begin, steps) {
  const live = await begin();
  try {
    await steps(live);
  } finally {
    await a.discard(live.atA, 'Missed');
  }
}

/** An error that ends the call at the one who gets it ends it for the other side too. */
async function endsIt(live) {
  assert.equal(reasonOf(await at(a, 'PhoneCallDiscarded', live.call)), 'Disconnect');
}

// ------------------------------------------------------------- methods as tests vary them

const requestCall = (fields) => a.ask(bForA, { fields });
const acceptCall = (peer, fields = {}) => b.invoke(new Api.phone.AcceptCall({ peer, gB: publicValue(), protocol: protocol(), ...fields }));
const confirmCall = (device, peer, gA, fields = {}) => device.invoke(new Api.phone.ConfirmCall({
  peer, gA, keyFingerprint: BigInt(1), protocol: protocol(), ...fields,
}));
const signal = (device, peer, data = Buffer.from('x')) => device.invoke(new Api.phone.SendSignalingData({ peer, data }));
const rate = (device, peer) => device.invoke(new Api.phone.SetCallRating({ peer, rating: 5, comment: '' }));
const debug = (device, peer, data) => device.invoke(new Api.phone.SaveCallDebug({ peer, debug: new Api.DataJSON({ data }) }));
const saveLog = (device, peer, parts = 1) => device.invoke(new Api.phone.SaveCallLog({
  peer, file: new Api.InputFile({ id: BigInt(7), parts, name: 'log', md5Checksum: '' }),
}));
const dhConfig = (randomLength) => a.invoke(new Api.messages.GetDhConfig({ version: 0, randomLength }));

const everyMethod = () => [
  new Api.messages.GetDhConfig({ version: 0, randomLength: 0 }),
  new Api.phone.GetCallConfig(),
  new Api.phone.RequestCall({
    userId: new Api.InputUser({ userId: bForA.id, accessHash: bForA.accessHash }), randomId: 1, gAHash: Buffer.alloc(32), protocol: protocol(),
  }),
  new Api.phone.ReceivedCall({ peer: unknown }),
  new Api.phone.AcceptCall({ peer: unknown, gB: publicValue(), protocol: protocol() }),
  new Api.phone.ConfirmCall({ peer: unknown, gA: publicValue(), keyFingerprint: BigInt(1), protocol: protocol() }),
  new Api.phone.DiscardCall({ peer: unknown, duration: 0, reason: new Api.PhoneCallDiscardReasonHangup(), connectionId: BigInt(0) }),
  new Api.phone.SendSignalingData({ peer: unknown, data: Buffer.from('x') }),
  new Api.phone.SetCallRating({ peer: unknown, rating: 5, comment: '' }),
  new Api.phone.SaveCallDebug({ peer: unknown, debug: new Api.DataJSON({ data: '{}' }) }),
  new Api.phone.SaveCallLog({ peer: unknown, file: new Api.InputFile({ id: BigInt(7), parts: 1, name: 'log', md5Checksum: '' }) }),
];

// ------------------------------------------------------------- the table

const table = [];
let provoked = 0;

/** One row: `how` is what the page says, `provoke` makes it happen; it is given the check. */
function emits(method, error, how, provoke) {
  table.push({ method, error, how });
  const [code, type] = error.split(' ');
  const fails = type.startsWith('FLOOD_WAIT')
    ? (promise) => told(promise, Number(code), Number(type.split('_')[2]))
    : (promise) => refused(promise, Number(code), type);
  test(`${method}: ${error}: ${how}`, { timeout: 60000 }, async () => {
    await provoke(fails);
    provoked += 1;
  });
}

/** The library makes seconds of a wait, and waits by itself if it is told to. */
async function told(promise, code, seconds) {
  const error = await promise.then(() => undefined, (e) => e);
  assert.deepEqual([error?.code, error?.seconds], [code, seconds]);
}

/** The error has a test of its own in another file. */
function emitsElsewhere(method, error, how) {
  table.push({ method, error, how });
}

emits('every method', '401 AUTH_KEY_UNREGISTERED', 'nobody is signed in on the device', async (fails) => {
  for (const method of everyMethod()) await fails(nobody.invoke(method));
});
emits('every method', '400 BOT_METHOD_INVALID', 'a bot asks', async (fails) => {
  for (const method of everyMethod()) await fails(bot.invoke(method));
});
emits('every method', '400 BUSINESS_CONNECTION_NOT_ALLOWED', 'inside invokeWithBusinessConnection', async (fails) => {
  for (const query of everyMethod()) {
    await fails(a.client.invoke(new Api.InvokeWithBusinessConnection({ connectionId: 'c', query })));
  }
});

emits('phone.requestCall', '400 USER_ID_INVALID', 'an unknown user, a wrong access hash, oneself, or a bot', async (fails) => {
  const user = (userId, accessHash) => ({ userId: new Api.InputUser({ userId, accessHash }) });
  const me = a.client.me;
  const itself = await bot.getMe();
  await fails(requestCall(user(BigInt(12345), BigInt(1))));
  await fails(requestCall(user(bForA.id, bForA.accessHash.add(1))));
  await fails(requestCall({ userId: new Api.InputUserSelf() }));
  await fails(requestCall(user(me.id, me.accessHash)));
  await fails(requestCall(user(itself.id, itself.accessHash)));
});
emits('phone.requestCall', '403 USER_IS_BLOCKED', 'the callee has blocked the caller', async (fails) => {
  const peer = { id: new Api.InputPeerUser({ userId: aForB.id, accessHash: aForB.accessHash }) };
  await b.invoke(new Api.contacts.Block(peer));
  await fails(requestCall());
  await b.invoke(new Api.contacts.Unblock(peer));
});
emits('phone.requestCall', '403 USER_PRIVACY_RESTRICTED', "the callee's privacy for calls leaves the caller out", async (fails) => {
  const key = new Api.InputPrivacyKeyPhoneCall();
  await b.invoke(new Api.account.SetPrivacy({ key, rules: [new Api.InputPrivacyValueDisallowAll()] }));
  await fails(requestCall());
  await b.invoke(new Api.account.SetPrivacy({ key, rules: [new Api.InputPrivacyValueAllowAll()] }));
});
emits('phone.requestCall', '400 G_A_HASH_INVALID', '`g_a_hash` is not 32 bytes', async (fails) => {
  for (const size of [0, 31, 33]) await fails(requestCall({ gAHash: Buffer.alloc(size) }));
});
const protocolErrors = [
  ['400 CALL_PROTOCOL_FLAGS_INVALID', 'neither `udp_p2p` nor `udp_reflector`', [{ udpP2p: false, udpReflector: false }]],
  ['400 CALL_PROTOCOL_LAYER_INVALID', '`min_layer` above `max_layer`, nothing of 65 to 92, or library versions that no client has',
    [{ minLayer: 92, maxLayer: 65 }, { minLayer: 1, maxLayer: 64 }, { minLayer: 93, maxLayer: 100 },
      { libraryVersions: Array(33).fill('1.0.0') }, { libraryVersions: [''] }, { libraryVersions: ['é'] },
      { libraryVersions: ['1'.repeat(33)] }]],
];
for (const [error, how, cases] of protocolErrors) {
  emits('phone.requestCall', error, how, async (fails) => {
    for (const changed of cases) await fails(requestCall({ protocol: protocol(changed) }));
  });
}

emits('phone.receivedCall', '400 CALL_PEER_INVALID', 'an unknown call, a wrong access hash, or not the callee', async (fails) => {
  await within(ringing, async ({ atA, atB }) => {
    for (const peer of [unknown, wrongHash(atB)]) await fails(b.received(peer));
    await fails(a.received(atA));
    await fails(c.received(atB));
  });
});
emits('phone.receivedCall', '400 CALL_ALREADY_DECLINED', 'the call has ended', async (fails) => {
  await fails(b.received((await ended()).atB));
});

emits('phone.acceptCall', '400 CALL_PEER_INVALID', 'an unknown call, a wrong access hash, or not the callee', async (fails) => {
  await within(ringing, async ({ atA, atB }) => {
    for (const peer of [unknown, wrongHash(atB)]) await fails(acceptCall(peer));
    await fails(a.accept(atA));
    await fails(c.accept(atB));
  });
});
emits('phone.acceptCall', '400 CALL_ALREADY_ACCEPTED', 'a device of the callee has accepted', async (fails) => {
  await within(accepted, async ({ atB }) => {
    await fails(b2.accept(atB));
    await fails(b.accept(atB));
  });
});
emits('phone.acceptCall', '400 CALL_ALREADY_DECLINED', 'the call has ended', async (fails) => {
  await fails(acceptCall((await ended()).atB));
});
emits('phone.acceptCall', '400 G_B_INVALID', '`g_b` is empty, too long or out of range; ends the call', async (fails) => {
  for (const gB of [Buffer.alloc(0), Buffer.alloc(257, 1), Buffer.alloc(256, 255), Buffer.from([2])]) {
    await within(ringing, async (live) => {
      await fails(acceptCall(live.atB, { gB }));
      await endsIt(live);
    });
  }
});
for (const [error, how, cases] of protocolErrors) {
  emits('phone.acceptCall', error, `${how}; ends the call`, async (fails) => {
    for (const changed of cases) {
      await within(ringing, async (live) => {
        await fails(acceptCall(live.atB, { protocol: protocol(changed) }));
        await endsIt(live);
      });
    }
  });
}
emits('phone.acceptCall', '406 CALL_PROTOCOL_COMPAT_LAYER_INVALID', 'no library version in common; ends the call', async (fails) => {
  await within(ringing, async (live) => {
    await fails(acceptCall(live.atB, { protocol: protocol({ libraryVersions: ['77.0.0'] }) }));
    await endsIt(live);
  });
});

emits('phone.confirmCall', '400 CALL_PEER_INVALID',
  'an unknown call, a wrong access hash, not the device that called, or nobody has accepted yet', async (fails) => {
    await within(ringing, async ({ atA, gA }) => {
      for (const peer of [unknown, wrongHash(atA), atA]) await fails(confirmCall(a, peer, gA));
    });
    await within(accepted, async ({ atA, atB, gA }) => {
      await fails(confirmCall(a2, atA, gA));
      await fails(confirmCall(b, atB, gA));
    });
  });
emits('phone.confirmCall', '400 CALL_ALREADY_DECLINED', 'the call has ended', async (fails) => {
  const { atA, gA } = await ended();
  await fails(confirmCall(a, atA, gA));
});
emits('phone.confirmCall', '400 G_A_INVALID', '`g_a` is out of range or has another hash than announced; ends the call',
  async (fails) => {
    for (const gA of [publicValue(), Buffer.alloc(0)]) {
      await within(accepted, async (live) => {
        await fails(confirmCall(a, live.atA, gA));
        assert.equal(reasonOf(await at(b, 'PhoneCallDiscarded', live.call)), 'Disconnect');
      });
    }
  });

emits('phone.discardCall', '400 CALL_PEER_INVALID', 'an unknown call, a wrong access hash, or not a device of the call',
  async (fails) => {
    await within(ringing, async ({ atA, atB }) => {
      for (const peer of [unknown, wrongHash(atA)]) await fails(a.discard(peer));
      await fails(a2.discard(atA));
      await fails(c.discard(atB));
    });
  });
emits('phone.discardCall', '400 CALL_ALREADY_ACCEPTED', 'another device of the callee has accepted', async (fails) => {
  await within(active, ({ atB }) => fails(b2.discard(atB)));
});

emits('phone.sendSignalingData', '400 CALL_PEER_INVALID', 'an unknown call, a wrong access hash, or a device that is not in the call',
  async (fails) => {
    await within(active, async ({ atA, atB }) => {
      for (const peer of [unknown, wrongHash(atA)]) await fails(signal(a, peer));
      await fails(signal(a2, atA));
      await fails(signal(b2, atB));
    });
  });
emits('phone.sendSignalingData', '400 CALL_NOT_ACTIVE', 'before phone.confirmCall or after the end', async (fails) => {
  await within(accepted, ({ atA }) => fails(signal(a, atA)));
  await fails(signal(a, (await ended()).atA));
});
emits('phone.sendSignalingData', '400 DATA_TOO_LONG', 'more than 64 KiB', async (fails) => {
  await within(active, ({ atA }) => fails(signal(a, atA, Buffer.alloc(64 * 1024 + 1))));
});
emits('phone.sendSignalingData', '420 FLOOD_WAIT_1',
  'faster than 4 KiB a second after 96 KiB at once, or 100 packets wait for a device that is away', async (fails) => {
    a.client.floodSleepThreshold = 0;
    await within(active, async ({ atA }) => {
      assert.equal(await signal(a, atA, Buffer.alloc(64 * 1024)), true);
      await fails(signal(a, atA, Buffer.alloc(64 * 1024)));
    });
    const away = await world.device(newNumber());
    const gA = publicValue();
    const call = await a.request(await find(a.client, away.phone), { gA });
    const ring = await at(away, 'PhoneCallRequested', call);
    await away.accept(peerOf(ring));
    await a.confirm(peerOf(call), gA);
    await away.leave();
    let taken = 0; // a few more than fit, while the server doesn't know yet that nobody is there
    while (taken < 400 && await signal(a, peerOf(call)).catch(() => false)) taken += 1;
    assert.ok(taken >= 100 && taken < 400, `${taken} taken`);
    await fails(signal(a, peerOf(call)));
    await a.discard(peerOf(call));
  });

emits('phone.setCallRating', '400 CALL_PEER_INVALID', 'an unknown call, a wrong access hash, or a call that goes on', async (fails) => {
  await within(active, async ({ atA }) => {
    for (const peer of [unknown, wrongHash(atA), atA]) await fails(rate(a, peer));
  });
});
emits('phone.saveCallDebug', '400 CALL_PEER_INVALID', 'an unknown call or a wrong access hash', async (fails) => {
  const { atA } = await ended();
  for (const peer of [unknown, wrongHash(atA)]) await fails(debug(a, peer, '{}'));
});
emits('phone.saveCallDebug', '400 DATA_JSON_INVALID', 'not JSON', async (fails) => {
  const { atA } = await ended();
  for (const text of ['', '{', '{"a":}', 'plain words']) await fails(debug(a, atA, text));
});
emits('phone.saveCallDebug', '400 DATA_TOO_LONG', 'more than 64 KiB', async (fails) => {
  await fails(debug(a, (await ended()).atA, `"${'x'.repeat(64 * 1024)}"`));
});
emits('phone.saveCallLog', '400 CALL_PEER_INVALID', 'an unknown call or a wrong access hash', async (fails) => {
  const { atA } = await ended();
  for (const peer of [unknown, wrongHash(atA)]) await fails(saveLog(a, peer));
});
emits('phone.saveCallLog', '400 FILE_PARTS_INVALID', 'a file of no parts, or of more than 8000', async (fails) => {
  const { atA } = await ended();
  for (const parts of [0, -1, 8001]) await fails(saveLog(a, atA, parts));
});
emits('messages.getDhConfig', '400 RANDOM_LENGTH_INVALID', '`random_length` below 0 or above 1024', async (fails) => {
  for (const length of [-1, 1025, 2 ** 31 - 1]) await fails(dhConfig(length));
});
emitsElsewhere('every method with a call', '500 CALL_OCCUPY_FAILED',
  'the store refused to write (disk full, busy): nothing has happened, a repeat may succeed');

// ------------------------------------------------------------- documented, never answered

const never = [];

/** `instead` shows what the server does in that case. */
function neverEmits(method, error, why, instead) {
  never.push({ method, error, why });
  if (instead) test(`${method} never answers ${error}`, { timeout: 60000 }, instead);
}

neverEmits('phone.requestCall', '500 RANDOM_ID_DUPLICATE',
  'A repeat with the same `random_id` comes from a client that lost the answer: it gets the same call. Clients repeat a 500 by themselves, and it would never succeed.',
  async () => {
    const fields = { randomId: 77 };
    const first = await a.ask(bForA, { fields });
    assert.equal(id((await a.ask(bForA, { fields })).phoneCall), id(first.phoneCall));
    await a.discard(peerOf(first.phoneCall), 'Missed');
    assert.equal(id((await a.ask(bForA, { fields })).phoneCall), id(first.phoneCall), 'after its end too');
  });
neverEmits('phone.requestCall', '500 PARTICIPANT_CALL_FAILED',
  'Nothing that can fail lies between taking the call and ringing; what the store refuses is CALL_OCCUPY_FAILED.',
  async () => {
    const away = await world.device(newNumber());
    const found = await find(a.client, away.phone);
    await away.leave();
    const call = await a.request(found); // nobody can be reached: it waits for the callee to come
    await a.discard(peerOf(call), 'Missed');
  });
neverEmits('phone.requestCall', '400 PARTICIPANT_VERSION_OUTDATED',
  'Every layer that can sign in here takes calls. Whoever has no device at all is called until the ring times out.',
  async () => {
    const gone = await world.device(newNumber());
    const found = await find(a.client, gone.phone);
    await gone.invoke(new Api.auth.LogOut());
    const call = await a.request(found);
    await a.discard(peerOf(call), 'Missed');
  });
neverEmits('phone.requestCall', '400 INPUT_USER_DEACTIVATED', 'No method deletes an account here; an id that nobody has is USER_ID_INVALID.');
neverEmits('phone.acceptCall', '500 CALL_OCCUPY_FAILED for somebody in another call',
  'Who is in a call is not rung: the caller gets phoneCallWaiting, then phoneCallDiscarded with Busy. Answered only when the store refuses.',
  async () => {
    await within(active, async () => {
      const call = await c.request(await find(c.client, b.phone));
      assert.equal(reasonOf(await at(c, 'PhoneCallDiscarded', call)), 'Busy');
    });
  });
neverEmits('phone.discardCall', '500 CALL_OCCUPY_FAILED for somebody in another call', 'The same.');
neverEmits('phone.discardCall', 'any error for a call that has ended',
  'Both sides hang up at once, and clients hang up after errors: the answer is the first end again, without a second message.',
  async () => {
    const { atA, atB } = await ended();
    assert.equal((await a.discard(atA)).updates.length, 2);
    assert.equal((await b.discard(atB, 'Busy')).updates.length, 2);
  });
neverEmits('phone.receivedCall', '400 CALL_ALREADY_ACCEPTED',
  'Not documented for it: a device that is too late gets boolTrue and hears in an update that it need not ring.',
  async () => {
    await within(accepted, async ({ atB }) => assert.equal(await b2.received(atB), true));
  });
neverEmits('phone.setCallRating', '400 RATING_INVALID', 'A rating outside of 1 to 5 counts as the nearest of them.', async () => {
  const { atA } = await ended();
  const answer = await a.invoke(new Api.phone.SetCallRating({ peer: atA, rating: 9, comment: '' }));
  assert.equal(answer.className, 'Updates');
});
neverEmits('phone.getCallConfig', 'any error of its own', 'An official client gives the call up when it fails.', async () => {
  const config = await a.invoke(new Api.phone.GetCallConfig());
  assert.doesNotThrow(() => JSON.parse(config.data));
});

// ------------------------------------------------------------- the page

test('the page shows exactly this', () => {
  const page = errorsPage(table, never);
  console.log(page);
  const file = process.env.TRUNKLINE_DOCS && path.join(process.env.TRUNKLINE_DOCS, 'errors-of-calls.md');
  if (file && process.env.TRUNKLINE_UPDATE_DOCS) fs.writeFileSync(file, page);
  if (file) assert.equal(fs.readFileSync(file, 'utf8'), page, 'docs/errors-of-calls.md is of another day: TRUNKLINE_UPDATE_DOCS=1');
  console.log(`${provoked} rows provoked`);
});
