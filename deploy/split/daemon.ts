/** A process that the supervisor keeps running: a third-party program, or a role of Wattle. */
import { spawn } from 'node:child_process';
import { chownSync, closeSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnvironment } from '#shared/process/child-environment.ts';
import { type Directory, isOpenToAll, writeOnce } from '../cloud/directory.ts';
import { roleCommand } from '../processes/role-process.ts';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Where a daemon of a rack listens, with TLS. The texts are PEM. */
export interface TlsListener {
  readonly address: string;
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export interface Daemon {
  /** Its name in var/run and var/log. */
  readonly name: string;
  readonly argv: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Set for roles of Wattle, which read settings from the environment; third-party programs get none of it. */
  readonly readsSettings?: boolean;
  readonly account?: Account;
  /** It writes its own pid file. */
  readonly writesPidFile?: boolean;
  /** Runs before each start; idempotent. */
  prepare?(): Promise<void>;
  /** Resolves when the daemon accepts connections. */
  ready?(): Promise<void>;
}

/** Starts it in its own session, out of reach of a terminal's Ctrl-C. Returns the pid. */
export function spawnDaemon({ log }: Directory, daemon: Daemon): number {
  const [command = '', ...args] = daemon.argv;
  const output = openSync(join(log, `${daemon.name}.log`), 'a', 0o640);
  const env = daemon.readsSettings ? { ...process.env, ...daemon.environment } : childEnvironment(daemon.environment);
  const child = spawn(command, args, { detached: true, stdio: ['ignore', output, output], env, ...daemon.account });
  closeSync(output);
  child.on('error', () => {}); // a failed spawn has no pid: reported below
  if (child.pid === undefined) throw new Error(`${command} cannot be started`);
  return child.pid;
}

/** The account to run a program as: undefined unless this is root, the user exists, and it may enter `path`. */
export function accountOf(user: string, path: string): Account | undefined {
  if (process.getuid?.() !== 0 || !isOpenToAll(path)) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${user}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined;
}

/** A role of Wattle as a process of its own. */
export const roleDaemon = (role: string): Daemon => ({
  name: role,
  ...roleCommand(role),
  writesPidFile: true,
  readsSettings: true,
});

export async function untilListening(port: number, host = '127.0.0.1', timeoutMs = 60_000): Promise<void> {
  const until = Date.now() + timeoutMs;
  while (!(await accepts(port, host))) {
    if (Date.now() > until) throw new Error(`no listener at ${host}:${port} after ${timeoutMs / 1000} s`);
    await sleep(50);
  }
}

function accepts(port: number, host: string): Promise<boolean> {
  const socket = connect({ host, port });
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).then((accepted) => {
    socket.destroy();
    return accepted as boolean;
  });
}

/** Writes the files of a TLS listener for the account of its daemon, whose own copies they are; returns their paths. */
export function writeTlsFiles(folder: string, listener: TlsListener, account: Account | undefined, prefix = 'tls') {
  const write = (name: string, text: string) => {
    const file = join(folder, name);
    writeOnce(file, text, 0o600);
    if (account) chownSync(file, account.uid, account.gid);
    return file;
  };
  const { ca, certificate, key } = listener;
  return {
    ca: write(prefix === 'tls' ? 'ca.crt' : `${prefix}-ca.crt`, ca),
    certificate: write(`${prefix}.crt`, certificate),
    key: write(`${prefix}.key`, key),
  };
}
