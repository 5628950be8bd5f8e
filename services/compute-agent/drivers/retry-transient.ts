/** What may pass (a bridge that is being made, an API that restarts) is tried again after a moment, not at the next look. */
import type { ComputeAgent } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';

const waitMs = 2_000;

export function retryTransient(agent: ComputeAgent, wake: () => void): ComputeAgent {
  const later =
    <Spec, Answer>(deed: (spec: Spec, replaced?: AbortSignal) => Promise<Answer>) =>
    async (spec: Spec, replaced?: AbortSignal): Promise<Answer> => {
      try {
        return await deed(spec, replaced);
      } catch (error) {
        if (!(error instanceof Fault)) setTimeout(wake, waitMs).unref();
        throw error;
      }
    };
  return {
    ensureGuest: later(agent.ensureGuest),
    ensureGuestGone: later(agent.ensureGuestGone),
    uploadSnapshot: later(agent.uploadSnapshot),
  };
}
