/**
 * The configuration of MariaDB on a management node: a Galera cluster of all of them. A transaction is acknowledged when every
 * server of the primary component has received it; a server without a majority refuses all statements, which is what fences
 * a node that was cut off. Every server starts read-only; election.ts makes one of them the writer.
 */
import { chownSync, existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '#shared/process/run.ts';
import { writeOnce } from '../cloud/directory.ts';
import type { TlsListener } from '../split/daemon.ts';
import { writeTlsFiles } from '../split/daemon.ts';
import type { DatabaseUser, Place } from '../split/mariadb.ts';

export interface GaleraOptions {
  readonly name: string;
  readonly address: string;
  /** Addresses of all management nodes, this one included; read before each start. */
  readonly peers: () => readonly string[];
  readonly administrator: DatabaseUser;
  /** Read before each start. Its authority signs certificates of management nodes only. */
  readonly peerTls: () => Promise<TlsListener>;
}

export const galeraPorts = { group: 4567, transfer: 4444, incremental: 4568 };

/** The lines of its configuration for one start. */
export async function galeraLines(
  options: GaleraOptions,
  { home, files, account, ...place }: Place,
): Promise<string[]> {
  const { name, address, administrator } = options;
  const tls = writeTlsFiles(home, await options.peerTls(), account, 'peer');
  const peers = options.peers();
  const isAlone = peers.length <= 1;
  if (isAlone) allowBootstrap(files);
  const starts = isAlone || wasLast(files);
  const provider = {
    'gmcast.listen_addr': `ssl://${address}:${galeraPorts.group}`,
    'ist.recv_addr': `${address}:${galeraPorts.incremental}`,
    'gcache.size': '16M',
    ...timing,
    'socket.ssl': 'yes',
    'socket.ssl_ca': tls.ca,
    'socket.ssl_cert': tls.certificate,
    'socket.ssl_key': tls.key,
  };
  const lines = [
    'wsrep-on=ON',
    'wsrep-provider=/usr/lib/galera/libgalera_smm.so',
    `wsrep-cluster-name=${name}`,
    `wsrep-cluster-address=gcomm://${starts ? '' : peers.map((peer) => `${peer}:${galeraPorts.group}`).join(',')}`,
    `wsrep-node-address=${address}`,
    `wsrep-node-incoming-address=${address}:3306`,
    `wsrep-sst-receive-address=${address}:${galeraPorts.transfer}`,
    'wsrep-sst-method=mariabackup',
    `wsrep-sst-auth=${administrator.name}:${administrator.password}`,
    'wsrep-auto-increment-control=OFF',
    'wsrep-slave-threads=2',
    `wsrep-provider-options="${Object.entries(provider)
      .map(([key, value]) => `${key}=${value}`)
      .join(';')}"`,
    'binlog-format=ROW',
    'innodb-autoinc-lock-mode=2',
    'read-only=ON',
    '[sst]',
    'encrypt=4',
    'ssl-mode=VERIFY_CA',
    `ssl-ca=${tls.ca}`,
    `ssl-cert=${tls.certificate}`,
    `ssl-key=${tls.key}`,
  ];
  const position = await recoveredPosition(home, files, place.options, account);
  return position ? [`wsrep-start-position=${position}`, ...lines] : lines;
}

/** A server that dies is noticed after three seconds. */
const timing = {
  'evs.keepalive_period': 'PT0.5S',
  'evs.suspect_timeout': 'PT2S',
  'evs.inactive_timeout': 'PT4S',
  'evs.inactive_check_period': 'PT0.5S',
  'gmcast.peer_timeout': 'PT2S',
  'gmcast.time_wait': 'PT2S',
  'pc.announce_timeout': 'PT1S',
};

const stateFile = (files: string) => join(files, 'grastate.dat');
const stateOf = (files: string) => (existsSync(stateFile(files)) ? readFileSync(stateFile(files), 'utf8') : '');

/** It was the last server of the cluster to stop: it has every transaction. */
const wasLast = (files: string): boolean => /^safe_to_bootstrap: 1$/m.test(stateOf(files));

/** A server that has no peers may always start alone. */
function allowBootstrap(files: string): void {
  const state = stateOf(files);
  if (!state.includes('safe_to_bootstrap: 0')) return;
  writeState(files, state.replace('safe_to_bootstrap: 0', 'safe_to_bootstrap: 1'));
}

/** Data that was restored from a backup is the whole cluster: the servers of other nodes are sent it when they start. */
export function allowFirstStart(files: string): void {
  const none = '00000000-0000-0000-0000-000000000000';
  const state = ['# GALERA saved state', 'version: 2.1', `uuid:    ${none}`, 'seqno:   -1', 'safe_to_bootstrap: 1', ''];
  writeState(files, state.join('\n'));
}

/** For the account of the server, which owns the directory. */
function writeState(files: string, text: string): void {
  const { uid, gid } = statSync(files);
  writeOnce(stateFile(files), text, 0o660);
  chownSync(stateFile(files), uid, gid);
}

/**
 * After a crash the position is in InnoDB's files: with it the server is sent what it missed, and not the whole database.
 * Undefined after a regular stop, and before the first start.
 */
async function recoveredPosition(
  home: string,
  files: string,
  options: readonly string[],
  account: Place['account'],
): Promise<string | undefined> {
  const state = stateOf(files);
  if (!/^seqno: +-1$/m.test(state) || /^uuid: +0{8}-/m.test(state)) return undefined;
  const log = join(home, 'recover.log');
  rmSync(log, { force: true });
  const own = options.filter((option) => !/^(init-file|pid-file)=/.test(option)).map((option) => `--${option}`);
  const argv = [
    '/usr/sbin/mariadbd',
    '--no-defaults',
    ...own,
    '--wsrep-on=ON',
    '--wsrep-recover',
    `--log-error=${log}`,
  ];
  const unconnected = ['--wsrep-cluster-address=gcomm://', '--binlog-format=ROW'];
  await run([...argv, '--wsrep-provider=/usr/lib/galera/libgalera_smm.so', ...unconnected], {
    ...account,
    timeoutMs: 120_000,
    env: { TMPDIR: home },
  });
  return /Recovered position: *([0-9a-f-]{36}:-?\d+)/.exec(readFileSync(log, 'utf8'))?.[1];
}
