/** Retries work that failed for a transient reason (a missing bridge, an API that restarts) after 2 s, not at the next poll. */
import type { ComputeAgent } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';

const waitMs = 2_000;

export function retryTransient(agent: ComputeAgent, wake: () => void): ComputeAgent {
  const retrying =
    <Spec, Answer>(verb: (spec: Spec, replaced?: AbortSignal) => Promise<Answer>) =>
    async (spec: Spec, replaced?: AbortSignal): Promise<Answer> => {
      try {
        return await verb(spec, replaced);
      } catch (error) {
        if (!(error instanceof Fault)) setTimeout(wake, waitMs).unref();
        throw error;
      }
    };
  return {
    ensureGuest: retrying(agent.ensureGuest),
    ensureGuestGone: retrying(agent.ensureGuestGone),
    uploadSnapshot: retrying(agent.uploadSnapshot),
    ensureDiskBackup: retrying(agent.ensureDiskBackup),
    offerGuest: retrying(agent.offerGuest),
    fetchGuest: retrying(agent.fetchGuest),
    receiveGuest: retrying(agent.receiveGuest),
    sendGuest: retrying(agent.sendGuest),
  };
}
