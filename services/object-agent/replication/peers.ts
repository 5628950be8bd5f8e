import type { AgentCall } from '#shared/contracts/object-agent.ts';
import { Malformed } from '#shared/ring/grammar.ts';
import { askDevice } from '#shared/ring/reach.ts';
import type { Device } from '#shared/ring/ring.ts';
import type { AgentWorld } from './answers.ts';

/** The process or device of the peer is unreachable. */
const away = 507;

/**
 * Returns the answer of a peer, parsed; undefined when it is unreachable or its answer is invalid, to be repeated in the next
 * round. A refusal and an invalid answer are logged as errors.
 */
export async function askPeer<T>(
  { reach, log }: AgentWorld,
  peer: Device,
  call: Pick<AgentCall, 'kind' | 'partition' | 'query' | 'body'>,
  parse: (body: unknown) => T,
): Promise<T | undefined> {
  const result = await askDevice(reach, peer, { ...call, method: 'REPLICATE', path: [] });
  if (!result || result.status === away) return undefined;
  const about = { peer: peer.key, kind: call.kind, partition: call.partition, ask: call.query?.ask };
  try {
    if (result.status === 200) return parse(result.body ?? '');
    log.error({ ...about, status: result.status }, 'a peer refused to replicate');
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    log.error({ ...about, malformed: error.message }, 'the answer of a peer cannot be used');
  }
  return undefined;
}
