// Starts the real server binary for a test and stops exactly the process it started.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { within } from './connect.mjs';

export class Server {
  /**
   * @param {string} binary    path of trunkline-server
   * @param {string[]} [more]  further arguments
   */
  constructor(binary, more = []) {
    this.binary = binary;
    this.more = more;
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'trunkline-gramjs-'));
    this.port = 0; // the first start chooses one, later starts keep it
  }

  get key() {
    return path.join(this.dir, 'server_public.pem');
  }

  /** Resolves when the server says that it accepts connections. */
  async start() {
    this.child = spawn(
      this.binary,
      ['--data-dir', this.dir, '--listen', `127.0.0.1:${this.port}`, '--http', '127.0.0.1:0',
        '--test-code', '12345', '--log-level', 'warn', ...this.more],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    this.exited = new Promise((resolve) => this.child.once('exit', (code, signal) => resolve({ code, signal })));
    const lines = readline.createInterface({ input: this.child.stdout });
    const ready = new Promise((resolve, reject) => {
      lines.once('line', resolve);
      this.exited.then(({ code, signal }) => reject(new Error(`the server ended: ${code ?? signal}`)));
    });
    const line = await within(30000, ready, 'the ready line');
    const found = /mtproto=127\.0\.0\.1:(\d+) http=(\S+) /.exec(line);
    if (!found) throw new Error(`not a ready line: ${line}`);
    this.port = Number(found[1]);
    this.http = `http://${found[2]}`;
  }

  /** SIGKILL: what a crash leaves behind is all that the next start has. */
  async kill() {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  /** SIGTERM; resolves with the exit code. */
  async stop() {
    this.child.kill('SIGTERM');
    return (await within(20000, this.exited, 'the server to stop')).code;
  }

  remove() {
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}
