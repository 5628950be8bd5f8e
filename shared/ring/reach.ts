/** From a device to whoever serves it: beside us in this process, or behind HTTP. */
import type { Bus } from '#shared/bus/bus.ts';
import type { ObjectAgent } from '#shared/contracts/object-agent.ts';
import { openRemote, type Remote } from './remote.ts';
import type { Device, Ring } from './ring.ts';

/** Services of one process share one bus: that is how they know each other. */
const here = new WeakMap<Bus, Map<string, ObjectAgent>>();

/** Says that this process serves the devices at this address; gives the way to take it back. */
export function serveHere(bus: Bus, address: string, agent: ObjectAgent): () => void {
  const agents = here.get(bus) ?? new Map<string, ObjectAgent>();
  here.set(bus, agents.set(address, agent));
  return () => agents.delete(address);
}

export interface Reach {
  agentOf(device: Device): ObjectAgent;
  close(): void;
}

export function openReach(bus: Bus, { secret }: Ring): Reach {
  const remotes = new Map<string, Remote>();
  const remoteAt = (address: string) => {
    const remote = remotes.get(address) ?? openRemote({ address, secret });
    remotes.set(address, remote);
    return remote;
  };
  return {
    agentOf: ({ address }) => here.get(bus)?.get(address) ?? remoteAt(address),
    close: () => {
      for (const remote of remotes.values()) remote.close();
    },
  };
}
