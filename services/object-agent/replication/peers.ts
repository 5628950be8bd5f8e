import type { AgentCall } from '#shared/contracts/object-agent.ts';
import { Malformed } from '#shared/ring/grammar.ts';
import type { Device } from '#shared/ring/ring.ts';
import type { AgentWorld } from './answers.ts';

/** Its process or its device is away. */
const away = 507;

/**
 * What the peer says, as `parse` reads it. Undefined when it says nothing that can be used: the next round asks again. A
 * peer that is there and refuses, or answers what it should not, is an error that somebody has to look at.
 */
export async function askPeer<T>(
  { reach, log }: AgentWorld,
  peer: Device,
  call: Pick<AgentCall, 'kind' | 'partition' | 'query' | 'body'>,
  parse: (body: unknown) => T,
): Promise<T | undefined> {
  const whole: AgentCall = { ...call, method: 'REPLICATE', device: peer.name, path: [], headers: {} };
  const said = await reach
    .agentOf(peer)
    .ask(whole)
    .catch(() => undefined);
  if (!said || said.status === away) return undefined;
  const about = { peer: peer.key, kind: call.kind, partition: call.partition, ask: call.query?.ask };
  try {
    if (said.status === 200) return parse(said.body ?? '');
    log.error({ ...about, status: said.status }, 'a peer refused to replicate');
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    log.error({ ...about, malformed: error.message }, 'the answer of a peer cannot be used');
  }
  return undefined;
}
