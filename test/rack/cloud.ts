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
): Promise<RackCloud> {
  const file = join(lab.folder, 'rack.yaml');
  writeFileSync(file, settings);
  ok(await first.wattle('init', '--address', first.address('mgmt'), '--settings', file, '--yes'));
  for (const each of joining) await joinHost(first, each);
  const openstack = async (...args: string[]) => {
    const script = '. "$0/openrc"; exec openstack "$@"';
    return ok(await first.run(['bash', '-c', script, first.path, ...args], { timeoutMs: 240_000 })).trim();
  };
  return { lab, first, openstack, node: (...args) => first.wattle('node', ...args) };
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
