/** What every part of the agent works with. */
import type { ValuesOf } from '#shared/config/settings.ts';
import type { AgentAnswer, Headers } from '#shared/contracts/object-agent.ts';
import type { Log } from '#shared/log/log.ts';
import type { Reach } from '#shared/ring/reach.ts';
import type { Ring } from '#shared/ring/ring.ts';
import type { section } from './config.ts';
import { type Disk, isThere } from './drivers/device.ts';

export interface World {
  readonly ring: Ring;
  readonly reach: Reach;
  /** host:port, as the ring names us. */
  readonly address: string;
  readonly disks: ReadonlyMap<string, Disk>;
  readonly settings: ValuesOf<typeof section>;
  readonly log: Log;
  /** Called with the name of a device that is not the one it was. */
  readonly onChange: (device: string) => void;
}

/** The device asked for, if it is ours and there. */
export function diskOf(world: World, name: string): Disk | undefined {
  const disk = world.disks.get(name);
  return disk && isThere(disk, () => world.onChange(name)) ? disk : undefined;
}

export const answer = (status: number, headers: Headers = {}, body?: Buffer): AgentAnswer =>
  body ? { status, headers, body } : { status, headers };
export const jsonAnswer = (body: unknown, headers: Headers = {}): AgentAnswer => ({
  status: 200,
  headers,
  body: Buffer.from(JSON.stringify(body)),
});

/** The device is not there, or full: the caller goes on to the next. */
export const away = (): AgentAnswer => answer(507);

export const reclaimBefore = (world: World): number => Date.now() / 1000 - world.settings.reclaimHours * 3600;
