// Bytes of the stock `telegram` package against the codec's, both ways, for everything that the server's
// surface leads to at the package's layer.
//   TRUNKLINE_TL_PEER=<path of tl_gramjs> TRUNKLINE_SURFACE=<path of surface.txt> node --test bytes.test.mjs

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { test } from 'node:test';
import extensions from 'telegram/extensions/index.js';
import { Maker, className, classes, closure, combinators, layer, normalText } from './tables.mjs';

const peer = process.env.TRUNKLINE_TL_PEER;
const surfaceFile = process.env.TRUNKLINE_SURFACE;
assert.ok(peer && surfaceFile, 'TRUNKLINE_TL_PEER and TRUNKLINE_SURFACE are set');

const surface = fs.readFileSync(surfaceFile, 'utf8').split('\n').filter((line) => line && !line.startsWith('#'));
const reached = closure(surface);
const valuesEach = 10;

// The package tells a value of the wrong kind here, and goes on.
console.error = (...told) => assert.fail(`the package complains: ${told.join(' ')}`);

/** What the peer prints for some input. */
function ask(args, input = '') {
  return new Promise((resolve, reject) => {
    const child = spawn(peer, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const out = [];
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code !== 0) return reject(new Error(`${args[0]} ends with ${code}`));
      return resolve(Buffer.concat(out).toString().split('\n').filter(Boolean));
    });
    child.stdin.end(input);
  });
}

const fillOf = (round) => ['all', 'none'][round] ?? 'random';

test('the tables hold the call surface', () => {
  assert.equal(layer, 198);
  const names = new Set(reached.map((one) => one.tl));
  for (const name of ['phone.requestCall', 'phone.discardCall', 'phoneCallWaiting', 'phoneCallDiscarded',
    'phoneCallProtocol', 'phoneConnectionWebrtc', 'updatePhoneCall', 'updatePhoneCallSignalingData',
    'messageActionPhoneCall', 'user', 'updateShort', 'config', 'contacts.found', 'auth.sentCode']) {
    assert.ok(names.has(name), name);
  }
  assert.ok(reached.filter((one) => one.isFunction).length >= 110, 'methods');
  assert.ok(reached.filter((one) => !one.isFunction).length >= 850, 'constructors');
});

test('what the package writes is read, and written again to the byte', async () => {
  // A value in memory has the fields of the newest layer: what that has dropped can't come back.
  const dropped = new Set(await ask(['lost', String(layer)]));
  const lost = (one, arg) => dropped.has(`${one.tl} ${arg.tl}`);
  const maker = new Maker(1, lost);
  const inPlay = reached.flatMap((one) => one.args.filter((arg) => lost(one, arg)).map((arg) => `${one.tl}.${arg.tl}`));
  assert.ok(inPlay.length > 0 && inPlay.length <= 40, `fields that newer layers lack: ${inPlay}`);
  const made = [];
  for (const one of reached) {
    for (let round = 0; round < valuesEach; round += 1) {
      const bytes = maker.make(one, fillOf(round)).getBytes();
      made.push({ one, name: one.isFunction ? one.tl : one.result, hex: bytes.toString('hex') });
    }
  }
  const input = made.map(({ name, hex }) => `${name} ${hex}\n`).join('');
  const answers = await ask(['rewrite', String(layer)], input);
  assert.equal(answers.length, made.length);
  const wrong = made.filter(({ hex }, at) => hex !== answers[at]).map(({ one }) => one.tl);
  assert.deepEqual([...new Set(wrong)], []);
  console.log(`${reached.length} constructors and methods, ${made.length} values of the package;`,
    `${inPlay.length} fields that newer layers lack: ${inPlay.join(' ')}`);
});

test('what the codec writes is read by the package, and written again to the byte', async () => {
  const lines = await ask(['make', String(layer), String(valuesEach)], normalText());
  const ids = new Map(combinators.map((one) => [one.tl, one.id]));
  const seen = new Set();
  for (const line of lines) {
    const [, tl, hex] = line.split(' ');
    const bytes = Buffer.from(hex, 'hex');
    const reader = new extensions.BinaryReader(bytes);
    const value = reader.tgReadObject();
    assert.equal(reader.tellPosition(), bytes.length, `${tl}: bytes are left`);
    if (value !== true && value !== false) {
      assert.equal(value.className, className(tl));
      assert.equal(value.getBytes().toString('hex'), hex, tl);
      assert.ok(value instanceof classes[ids.get(tl)], tl);
    }
    seen.add(tl);
  }
  assert.deepEqual(reached.map((one) => one.tl).filter((tl) => !seen.has(tl)), []);
  console.log(`${seen.size} constructors and methods, ${lines.length} values of the codec`);
});
