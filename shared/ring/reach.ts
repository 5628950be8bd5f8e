/** Finds the agent of a device: in the same process, or over HTTP. */
import type { Bus } from '#shared/bus/bus.ts';
import type { AgentAnswer, AgentCall, ObjectAgent } from '#shared/contracts/object-agent.ts';
import { openRemote, type Remote } from './remote.ts';
import type { Device, Ring } from './ring.ts';

/** The agents of this process, by its bus, which all services of a process share. */
const here = new WeakMap<Bus, Map<string, ObjectAgent>>();

/** Registers the agent of an address in this process; returns how to unregister it. */
export function registerAgent(bus: Bus, address: string, agent: ObjectAgent): () => void {
  const agents = here.get(bus) ?? new Map<string, ObjectAgent>();
  here.set(bus, agents.set(address, agent));
  return () => agents.delete(address);
}

export interface Reach {
  agentOf(device: Device): ObjectAgent;
  close(): void;
}

/** The answer of a device; undefined when its agent is unreachable. */
export const askDevice = (
  reach: Reach,
  device: Device,
  call: Omit<AgentCall, 'device' | 'headers'> & Partial<Pick<AgentCall, 'headers'>>,
): Promise<AgentAnswer | undefined> =>
  reach
    .agentOf(device)
    .ask({ headers: {}, ...call, device: device.name })
    .catch(() => undefined);

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
