import type { AgentAnswer, AgentCall } from '#shared/contracts/object-agent.ts';
import type { Device } from '#shared/ring/ring.ts';
import type { AgentWorld } from './answers.ts';

/** Undefined when the peer is away: the next round finds it again. */
export async function askPeer(
  { reach }: AgentWorld,
  peer: Device,
  call: Pick<AgentCall, 'kind' | 'partition' | 'query' | 'body'>,
): Promise<AgentAnswer | undefined> {
  const whole: AgentCall = { ...call, method: 'REPLICATE', device: peer.name, path: [], headers: {} };
  return reach
    .agentOf(peer)
    .ask(whole)
    .catch(() => undefined);
}
