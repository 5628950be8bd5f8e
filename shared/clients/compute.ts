/** The client of the Compute API (Nova). */
import { findOne } from './request.ts';
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
  /** Returns the id of the server's attachment of a volume, undefined when there is none. */
  findAttachment(serverId: string, volumeId: string): Promise<string | undefined>;
}

/** The first version that shows the ids of attachments. */
const attachmentVersion = { 'openstack-api-version': 'compute 2.89' };

export const computeClient = (session: Session): ComputeClient => ({
  sendEvents: async (events) => {
    await session.json('compute', '/os-server-external-events', { method: 'POST', body: { events } });
  },
  findAttachment: async (serverId, volumeId) => {
    const path = `/servers/${serverId}/os-volume_attachments/${volumeId}`;
    const answer = await findOne(
      session.json<{ volumeAttachment: { attachment_id?: string } }>('compute', path, { headers: attachmentVersion }),
    );
    return answer?.volumeAttachment.attachment_id;
  },
});
