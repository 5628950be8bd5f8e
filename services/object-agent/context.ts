/** The context of all parts of the agent. */

import { within } from '#shared/clock/within.ts';
import type { ValuesOf } from '#shared/config/settings.ts';
import type { AgentAnswer, Headers, Kind } from '#shared/contracts/object-agent.ts';
import type { Entry } from '#shared/contracts/object-entry.ts';
import type { Log } from '#shared/log/log.ts';
import { askDevice, type Reach } from '#shared/ring/reach.ts';
import { type Device, nodesOf, placeOf, type Ring } from '#shared/ring/ring.ts';
import type { section } from './config.ts';
import { type Disk, isThere, type Place, placeIn } from './drivers/device.ts';
import type { Repair } from './drivers/repair.ts';

export interface AgentContext {
  readonly ring: Ring;
  readonly reach: Reach;
  /** host:port of this agent in the ring. */
  readonly address: string;
  /** The directory of the devices. */
  readonly base: string;
  /** The open devices, by name: those of the ring, and those that have left it since the start. */
  readonly disks: Map<string, Disk>;
  readonly settings: ValuesOf<typeof section>;
  readonly log: Log;
  readonly repair: Repair;
  /** Called with the name of a device whose disk was exchanged. */
  readonly onChange: (device: string) => void;
}

/** The device, if it belongs to this agent and is present. */
export function diskOf(context: AgentContext, name: string): Disk | undefined {
  const disk = context.disks.get(name);
  return disk && isThere(disk, () => context.onChange(name)) ? disk : undefined;
}

/** Where a path is on a device. */
export const placeAt = ({ ring }: AgentContext, disk: Disk, kind: Kind, path: readonly string[]): Place => {
  const { partition, hash } = placeOf(ring, ...path);
  return placeIn({ disk, kind, partition }, hash);
};

export const answer = (status: number, headers: Headers = {}, body?: Buffer): AgentAnswer =>
  body ? { status, headers, body } : { status, headers };
export const jsonAnswer = (body: unknown, headers: Headers = {}): AgentAnswer => ({
  status: 200,
  headers,
  body: Buffer.from(JSON.stringify(body)),
});

/**
 * Writes an entry to replicas of the listing that it belongs to, each with a time limit. Returns the replicas that did not
 * confirm it; devices that are unreachable are added to `away` and not tried again.
 */
export async function sendEntry(
  { ring, reach }: AgentContext,
  kind: Kind,
  parent: readonly string[],
  entry: Entry,
  replicas: readonly number[],
  away = new Set<Device>(),
): Promise<number[]> {
  const { partition } = placeOf(ring, ...parent);
  const { primaries } = nodesOf(ring, partition);
  const call = { kind, method: 'PUT', partition, path: [...parent, entry.name] } as const;
  const body = Buffer.from(JSON.stringify(entry));
  const isConfirmed = async (replica: number) => {
    const device = primaries[replica];
    if (!device) return true; // the ring has fewer replicas now
    if (away.has(device)) return false;
    const status = (await within(patienceMs, askDevice(reach, device, { ...call, body })))?.status ?? 503;
    if (status >= 500) away.add(device);
    return status < 300;
  };
  const confirmed = await Promise.all(replicas.map(isConfirmed));
  return replicas.filter((_replica, at) => !confirmed[at]);
}

/** How long a client waits for it; what was not confirmed is sent again later. */
const patienceMs = 1_000;

/** The device is missing or full: the caller uses the next one. */
export const away = (): AgentAnswer => answer(507);

export const reclaimBefore = (context: AgentContext): number =>
  Date.now() / 1000 - context.settings.reclaimHours * 3600;
