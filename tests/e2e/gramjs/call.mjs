// A server and its users for one test file, and the steps of a call as tests write them.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, before } from 'node:test';
import { Api, Inbox, connectUser, makeClient, trustServerKey, within } from './connect.mjs';
import { Server } from './server.mjs';

const binary = process.env.TRUNKLINE_SERVER;
assert.ok(binary, 'TRUNKLINE_SERVER names the server binary');

/** One server process, started before the tests of a file and stopped after them. */
export class World {
  /** @param {string[]} [more] further arguments of the server */
  constructor(more = []) {
    this.server = new Server(binary, more);
    this.clients = [];
    before(() => this.start());
    after(async () => {
      await Promise.allSettled(this.clients.map((client) => client.destroy()));
      assert.equal(await this.server.stop(), 0, 'SIGTERM ends the server with exit code 0');
      this.server.remove();
      setImmediate(() => process.exit(process.exitCode ?? 0)); // timers of the library would keep the process alive
    });
  }

  /** Once, whoever comes first. */
  start() {
    this.started ??= this.server.start().then(() => trustServerKey(this.server.key));
    return this.started;
  }

  async signIn(phone, options = {}) {
    await this.start();
    const client = await connectUser({ host: '127.0.0.1', port: this.server.port, phone, code: '12345', ...options });
    this.clients.push(client);
    return client;
  }

  /** A signed-in device with its inbox. */
  async device(phone, options = {}) {
    let inbox; // from the first packet on: what is owed to a device comes with its first answer
    const client = await this.signIn(phone, { ...options, prepare: (made) => { inbox = new Inbox(made); } });
    return new Device(phone, client, inbox);
  }

  /** The same device again, with the key it had. */
  async again(device) {
    return this.device(device.phone, { session: device.client.session.save() });
  }

  /** A client that nobody has signed in with. */
  async nobody(start = (client) => client.connect()) {
    await this.start();
    const client = makeClient({ host: '127.0.0.1', port: this.server.port });
    this.clients.push(client);
    await within(20000, start(client), 'a connection');
    return client;
  }
}

export class Device {
  constructor(phone, client, inbox) {
    this.phone = phone;
    this.client = client;
    this.inbox = inbox;
  }

  invoke(method) {
    return within(20000, this.client.invoke(method), method.className);
  }

  call(className, match, ms) {
    return this.inbox.call(className, match, ms);
  }

  async message() {
    const update = await this.inbox.next((u) => u.className === 'UpdateNewMessage', 'updateNewMessage');
    return { ...contentOf(update.message), pts: update.pts };
  }

  /** What came and was not asked for yet, as words: `PhoneCallDiscarded`, `UpdateNewMessage`. */
  async unseen() {
    await this.invoke(new Api.updates.GetState()); // everything pushed before its answer has arrived with it
    return this.inbox.seen
      .filter((u) => u.className === 'UpdatePhoneCall' || u.className === 'UpdateNewMessage')
      .map((u) => u.phoneCall?.className ?? u.className);
  }

  /** Goes away without signing out. */
  leave() {
    return this.client.destroy();
  }

  state() {
    return this.invoke(new Api.updates.GetState());
  }

  difference(pts) {
    return this.invoke(new Api.updates.GetDifference({ pts, date: 1, qts: 0 }));
  }

  // The steps of a call.

  /** Resolves with the whole answer of phone.requestCall. */
  ask(callee, options = {}) {
    return this.invoke(new Api.phone.RequestCall({
      userId: new Api.InputUser({ userId: callee.id, accessHash: callee.accessHash }),
      randomId: crypto.randomInt(1, 2 ** 31 - 1),
      gAHash: sha256(options.gA ?? publicValue()),
      protocol: protocol(),
      ...options.fields,
    }));
  }

  async request(callee, options = {}) {
    const result = await this.ask(callee, options);
    assert.equal(result.phoneCall.className, 'PhoneCallWaiting');
    return result.phoneCall;
  }

  received(peer) {
    return this.invoke(new Api.phone.ReceivedCall({ peer }));
  }

  async accept(peer, { gB = publicValue(), fields = {} } = {}) {
    const result = await this.invoke(new Api.phone.AcceptCall({ peer, gB, protocol: protocol(), ...fields }));
    assert.equal(result.phoneCall.className, 'PhoneCallWaiting');
    return result.phoneCall;
  }

  async confirm(peer, gA, fields = {}) {
    const result = await this.invoke(new Api.phone.ConfirmCall({
      peer, gA, keyFingerprint: BigInt(42), protocol: protocol(), ...fields,
    }));
    assert.equal(result.phoneCall.className, 'PhoneCall');
    return result.phoneCall;
  }

  /** @param {string} reason  Hangup | Missed | Busy | Disconnect */
  discard(peer, reason = 'Hangup', duration = 7) {
    return this.invoke(new Api.phone.DiscardCall({
      peer, duration, reason: new Api[`PhoneCallDiscardReason${reason}`](), connectionId: BigInt(0),
    }));
  }
}

export const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest();

export const protocol = (changed = {}) => new Api.PhoneCallProtocol({
  udpP2p: true, udpReflector: true, minLayer: 65, maxLayer: 92, libraryVersions: ['11.0.0', '5.0.0', '2.4.4'], ...changed,
});

export const peerOf = (call) => new Api.InputPhoneCall({ id: call.id, accessHash: call.accessHash });

/** A number in the range that the server accepts for g_a and g_b; nobody talks here, so no secret belongs to it. */
export function publicValue() {
  const value = crypto.randomBytes(256);
  value[0] = 0x40;
  return value;
}

/** How one user learns to know another. */
export async function find(client, phone) {
  const found = await client.invoke(new Api.contacts.ImportContacts({
    contacts: [new Api.InputPhoneContact({ clientId: BigInt(1), phone, firstName: 'Callee', lastName: '' })],
  }));
  const user = found.users.find((u) => u.id.toString() === found.imported[0]?.userId.toString());
  assert.ok(user?.accessHash, `${phone} is found, with an access hash`);
  return user;
}

/** phoneCallDiscarded in the answer of phone.discardCall. */
export const discarded = (updates) => updates.updates.find((u) => u.className === 'UpdatePhoneCall')?.phoneCall;

/** The last word of the reason's name. */
export const reasonOf = (ended) => ended.reason?.className.replace('PhoneCallDiscardReason', '');

/** What a service message says of its call. */
export const contentOf = (message) => ({
  call: message.action.callId.toString(),
  reason: reasonOf(message.action),
  duration: message.action.duration ?? undefined,
  out: Boolean(message.out),
});

export async function refused(promise, code, message) {
  const error = await promise.then(() => undefined, (e) => e);
  assert.ok(error, `${message} was expected, a result came`);
  assert.deepEqual([error.code, error.errorMessage], [code, message]);
}

/** A phone number that no other test has. */
let numbers = 0;
export const newNumber = () => `+999662${process.pid % 100}${String(10000 + ++numbers)}`;
