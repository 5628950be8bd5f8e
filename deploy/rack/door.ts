/**
 * The front door of a management node: HAProxy, with TLS at the address of the cloud and at that of the node. Requests go to the
 * services of this node, which listen at the loopback address, and while one of these is down to the door of another node.
 */
import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { sendSignal } from '#shared/process/signal.ts';
import { writeOnce } from '../cloud/directory.ts';
import { findRunning } from '../processes/pid-file.ts';
import { accountOf, type Daemon, type TlsListener, untilListening } from '../split/daemon.ts';
import type { Peer, SettingsDocument } from './registry/protocol.ts';

export interface DoorOptions {
  readonly path: string;
  readonly name: string;
  /** The address of the cloud. */
  readonly virtual: string;
  /** Read before each start. */
  readonly peers: () => readonly Peer[];
  readonly tls: () => TlsListener;
}

/** By section of the settings: the setting and its port, here and at the door. */
const listeners = {
  identity: { listen: 5000 },
  compute: { listen: 8774, consoleListen: 6080 },
  volume: { listen: 8776 },
  image: { listen: 9292 },
  network: { listen: 9696 },
  placement: { listen: 8778 },
  'object-store': { listen: 8080 },
  dashboard: { listen: 8090 },
} as const;

export const doorPorts: readonly number[] = Object.values(listeners).flatMap((each): number[] => Object.values(each));

/** The services of a management node behind its door listen at the loopback address. */
export const settingsBehindDoor = (): SettingsDocument =>
  Object.fromEntries(
    Object.entries(listeners).map(([section, each]) => [
      section,
      Object.fromEntries(Object.entries(each).map(([setting, port]) => [setting, `127.0.0.1:${port}`])),
    ]),
  );

export function door(options: DoorOptions): Daemon {
  const home = join(options.path, 'door');
  const account = accountOf('haproxy', options.path);
  const configuration = join(home, 'haproxy.cfg');
  return {
    name: 'door',
    argv: ['/usr/sbin/haproxy', '-W', '-db', '-f', configuration],
    prepare: async () => {
      const { address, ca, certificate, key } = options.tls();
      mkdirSync(home, { recursive: true, mode: 0o700 });
      writeOnce(join(home, 'ca.crt'), ca, 0o600);
      writeOnce(join(home, 'door.pem'), `${certificate}${key}`, 0o600);
      const user = account ? [`  uid ${account.uid}`, `  gid ${account.gid}`] : [];
      writeOnce(configuration, configurationOf(options, home, address, user), 0o600);
      if (account) chownSync(home, account.uid, account.gid);
    },
    ready: () => untilListening(doorPorts[0] ?? 0, options.tls().address),
  };
}

/** Reads certificates and peers again. Open connections go on with what they have. */
export async function reloadDoor(daemon: Daemon, pidFile: string): Promise<void> {
  await daemon.prepare?.();
  const running = findRunning(pidFile);
  if (running) sendSignal(running.pid, 'SIGUSR2');
}

/** An upload or a console is open for as long as bytes come; a request that is waited for ends before the client's minutes do. */
const configurationOf = (
  { virtual, peers, name }: DoorOptions,
  home: string,
  address: string,
  user: readonly string[],
): string =>
  [
    'global',
    ...user,
    '  maxconn 4096',
    '  ssl-default-bind-options ssl-min-ver TLSv1.2',
    'defaults',
    '  mode http',
    '  timeout connect 2s',
    '  timeout client 75s',
    '  timeout server 300s',
    '  timeout tunnel 1h',
    '  option forwardfor',
    '  retries 2',
    '  option redispatch 1',
    '  option http-no-delay',
    ...doorPorts.flatMap((port) => [
      `frontend at-${port}`,
      ...[virtual, address].map((each) => `  bind ${each}:${port} transparent ssl crt ${join(home, 'door.pem')}`),
      '  http-request set-header X-Forwarded-Proto https',
      `  default_backend to-${port}`,
      `backend to-${port}`,
      `  server here 127.0.0.1:${port} check inter 1s fall 2 rise 1`,
      ...peers()
        .filter((peer) => peer.name !== name)
        .map(
          (peer) =>
            `  server ${peer.name} ${peer.address}:${port} backup check inter 5s ssl verify required ca-file ${join(home, 'ca.crt')}`,
        ),
    ]),
    '',
  ].join('\n');
