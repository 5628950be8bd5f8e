/** The client of the Compute API (Nova). */
import type { Session } from './session.ts';

export interface ExternalEvent {
  readonly name:
    | 'network-changed'
    | 'network-vif-plugged'
    | 'network-vif-unplugged'
    | 'network-vif-deleted'
    | 'volume-extended';
  readonly server_uuid: string;
  readonly status?: 'completed' | 'failed';
  /** The port, or the volume. */
  readonly tag?: string;
}

export interface ComputeClient {
  sendEvents(events: readonly ExternalEvent[]): Promise<void>;
}

export const computeClient = (session: Session): ComputeClient => ({
  sendEvents: async (events) => {
    await session.json('compute', '/os-server-external-events', { method: 'POST', body: { events } });
  },
});
