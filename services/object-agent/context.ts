/** The context of all parts of the agent. */
import type { ValuesOf } from '#shared/config/settings.ts';
import type { AgentAnswer, Headers } from '#shared/contracts/object-agent.ts';
import type { Log } from '#shared/log/log.ts';
import type { Reach } from '#shared/ring/reach.ts';
import type { Ring } from '#shared/ring/ring.ts';
import type { section } from './config.ts';
import { type Disk, isThere } from './drivers/device.ts';

export interface AgentContext {
  readonly ring: Ring;
  readonly reach: Reach;
  /** host:port of this agent in the ring. */
  readonly address: string;
  readonly disks: ReadonlyMap<string, Disk>;
  readonly settings: ValuesOf<typeof section>;
  readonly log: Log;
  /** Called with the name of a device whose disk was exchanged. */
  readonly onChange: (device: string) => void;
}

/** The device, if it belongs to this agent and is present. */
export function diskOf(context: AgentContext, name: string): Disk | undefined {
  const disk = context.disks.get(name);
  return disk && isThere(disk, () => context.onChange(name)) ? disk : undefined;
}

export const answer = (status: number, headers: Headers = {}, body?: Buffer): AgentAnswer =>
  body ? { status, headers, body } : { status, headers };
export const jsonAnswer = (body: unknown, headers: Headers = {}): AgentAnswer => ({
  status: 200,
  headers,
  body: Buffer.from(JSON.stringify(body)),
});

/** The device is missing or full: the caller uses the next one. */
export const away = (): AgentAnswer => answer(507);

export const reclaimBefore = (context: AgentContext): number =>
  Date.now() / 1000 - context.settings.reclaimHours * 3600;
