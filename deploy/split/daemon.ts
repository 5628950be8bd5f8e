/** A process that is kept running: somebody else's program, or a role of Wattle. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnvironment } from '#shared/process/child-environment.ts';
import { type Directory, isOpenToAll } from '../cloud/directory.ts';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface Daemon {
  /** Its name in var/run and var/log. */
  readonly name: string;
  readonly words: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** A role of ours reads settings from the environment; another program is given none of them. */
  readonly readsSettings?: boolean;
  readonly account?: Account;
  /** It writes its pid file itself, when it has come that far. */
  readonly takesPidFile?: boolean;
  /** Made before each start; safe to repeat. */
  prepare?(): Promise<void>;
  /** Resolves when it can be used. */
  ready?(): Promise<void>;
}

/** Of its own session, so that a terminal's Ctrl-C does not reach it. Gives its pid. */
export function spawnDaemon({ log }: Directory, daemon: Daemon): number {
  const [command = '', ...args] = daemon.words;
  const output = openSync(join(log, `${daemon.name}.log`), 'a', 0o640);
  const env = daemon.readsSettings ? { ...process.env, ...daemon.environment } : childEnvironment(daemon.environment);
  const child = spawn(command, args, { detached: true, stdio: ['ignore', output, output], env, ...daemon.account });
  closeSync(output);
  child.on('error', () => {}); // without a pid it is reported below
  if (child.pid === undefined) throw new Error(`${command} cannot be started`);
  return child.pid;
}

/** The user that a program runs as, when we are root, there is such a user, and `path` is open to it. */
export function accountOf(user: string, path: string): Account | undefined {
  if (process.getuid?.() !== 0 || !isOpenToAll(path)) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${user}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined;
}

export async function untilListening(port: number, timeoutMs = 60_000): Promise<void> {
  const until = Date.now() + timeoutMs;
  while (!(await takesCalls(port))) {
    if (Date.now() > until) throw new Error(`nobody listens at 127.0.0.1:${port} after ${timeoutMs / 1000} s`);
    await sleep(50);
  }
}

function takesCalls(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).then((taken) => {
    socket.destroy();
    return taken as boolean;
  });
}
