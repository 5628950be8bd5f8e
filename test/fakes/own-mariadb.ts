/** A MariaDB of one test file alone, which can be stopped, killed, frozen and started again. */

import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDirectory } from '../../deploy/cloud/directory.ts';
import { startTimeOf } from '../../deploy/processes/pid-file.ts';
import { terminate } from '../../deploy/processes/terminate.ts';
import { spawnDaemon } from '../../deploy/split/daemon.ts';
import { mariadb } from '../../deploy/split/mariadb.ts';
import { choosePorts } from '../../deploy/split/ports.ts';
import { sendSignal } from '../../shared/process/signal.ts';

export const noMariadb = existsSync('/usr/sbin/mariadbd') ? false : 'mariadbd is not installed';
const password = 'secret';
/** The schema of a user that is no administrator, as a service has it. */
const schema = 'wattle_faults';

export interface OwnMariadb {
  readonly port: number;
  /** As a service uses it. */
  readonly url: string;
  /** As an administrator. */
  readonly adminUrl: string;
  start(): Promise<void>;
  /** Ends it in order. */
  stop(): Promise<void>;
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
}

export async function startMariadb(t: { after(end: () => Promise<void>): void }): Promise<OwnMariadb> {
  const folder = mkdtempSync(join(tmpdir(), 'mariadb-'));
  chmodSync(folder, 0o755); // it runs as another user
  const directory = ensureDirectory(join(folder, 'var'));
  const { mariadb: port } = await choosePorts();
  const users = [
    { name: 'tests', password },
    { name: 'service', password, schema },
  ];
  const daemon = mariadb({ path: directory.path, port, users });
  let running: { pid: number; startedAt: string; ready: boolean } | undefined;
  const start = async () => {
    await daemon.prepare?.();
    const pid = spawnDaemon(directory, daemon);
    running = { pid, startedAt: startTimeOf(pid) ?? '', ready: false };
    await daemon.ready?.();
  };
  const stop = async () => {
    if (running) await terminate(running);
    running = undefined;
  };
  t.after(async () => {
    if (running) sendSignal(running.pid, 'SIGCONT');
    await stop();
    rmSync(folder, { recursive: true });
  });
  await start();
  const signal = async (name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT') => {
    if (!running) return;
    sendSignal(running.pid, name);
    if (name === 'SIGKILL') await stop();
  };
  const at = (user: string, name: string) => `mysql://${user}:${password}@127.0.0.1:${port}/${name}`;
  return { port, url: at('service', schema), adminUrl: at('tests', schema), start, stop, signal };
}
