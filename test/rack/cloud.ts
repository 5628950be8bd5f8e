/** A cloud on simulated hosts, set up as README says under "A rack", and what tests look at from outside. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Lab, type LabHost, ok } from './lab.ts';

export interface RackCloud {
  readonly lab: Lab;
  readonly first: LabHost;
  /** Runs the stock client on the first node; returns what it prints. */
  openstack(...args: string[]): Promise<string>;
  /** Makes the image `guest` of a file, and the network `blue` behind a router. */
  addPrerequisites(guestFile: string): Promise<void>;
  /** Makes a server of that image on that network, and waits until it runs. */
  addServer(name: string, ...options: string[]): Promise<void>;
  /** Runs `wattle node …` on the first node. */
  node(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }>;
}

export interface Joining {
  readonly host: LabHost;
  readonly role: string;
  readonly options?: readonly string[];
}

/** `wattle init` on the first host, and a token and `wattle join` for each other. */
export async function startCloud(
  lab: Lab,
  first: LabHost,
  joining: readonly Joining[],
  settings = '',
  options: readonly string[] = [],
): Promise<RackCloud> {
  const file = join(lab.folder, 'rack.yaml');
  writeFileSync(file, settings);
  ok(await first.wattle('init', '--address', first.address('mgmt'), '--settings', file, ...options, '--yes'));
  for (const each of joining) await joinHost(first, each);
  const openstack = async (...args: string[]) => {
    const script = '. "$0/openrc"; exec openstack "$@"';
    return ok(await first.run(['bash', '-c', script, first.path, ...args], { timeoutMs: 240_000 })).trim();
  };
  const addPrerequisites = async (guestFile: string) => {
    const formats = ['--disk-format', 'qcow2', '--container-format', 'bare'];
    await openstack('image', 'create', ...formats, '--file', guestFile, 'guest');
    await openstack('network', 'create', 'blue');
    await openstack('subnet', 'create', '--network', 'blue', '--subnet-range', '10.7.0.0/24', 'blue4');
    await openstack('router', 'create', '--external-gateway', 'public', 'r');
    await openstack('router', 'add', 'subnet', 'r', 'blue4');
  };
  const addServer = async (name: string, ...options: string[]) => {
    const guest = ['--image', 'guest', '--flavor', 'm1.tiny', '--network', 'blue'];
    await openstack('server', 'create', ...guest, ...options, '--wait', name);
  };
  const node = (...args: string[]) => first.wattle('node', ...args);
  return { lab, first, openstack, addPrerequisites, addServer, node };
}

export async function joinHost(first: LabHost, { host, role, options = [] }: Joining): Promise<void> {
  const token = ok(await first.wattle('token', 'create', '--role', role));
  ok(await host.wattleWith(token, 'join', '-', '--role', role, '--address', host.address('mgmt'), ...options, '--yes'));
}

/** The addresses of a host on the storage and tunnel networks, as options of join. */
export const storage = (host: LabHost) => ['--storage-address', host.address('stor')];
export const tunnel = (host: LabHost) => ['--tunnel-address', host.address('tun')];

export async function eventually(what: string, check: () => Promise<boolean>, timeoutMs = 60_000): Promise<number> {
  const began = Date.now();
  while (!(await check().catch(() => false))) {
    if (Date.now() - began > timeoutMs) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`);
    await sleep(250);
  }
  return Date.now() - began;
}

export const logOf = (host: LabHost, role: string): string => join(host.path, 'log', `${role}.log`);
