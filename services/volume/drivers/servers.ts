/** Asks compute whether a server uses a volume. */
import type { Session } from '#shared/clients/session.ts';
import { Fault } from '#shared/errors/fault.ts';

export interface Servers {
  /** The id of the server's attachment of the volume; null when there is none. */
  attachmentOf(serverId: string, volumeId: string): Promise<string | null>;
}

interface Answer {
  readonly volumeAttachment: { readonly attachment_id?: string };
}

export const serversOver = (session: Session): Servers => ({
  attachmentOf: async (serverId, volumeId) => {
    const path = `/servers/${serverId}/os-volume_attachments/${volumeId}`;
    const headers = { 'openstack-api-version': 'compute 2.89' };
    try {
      const { volumeAttachment } = await session.json<Answer>('compute', path, { headers });
      return volumeAttachment.attachment_id ?? null;
    } catch (error) {
      if (error instanceof Fault && error.status === 404) return null;
      throw new Fault(503, 'serviceUnavailable', `Compute did not report whether server ${serverId} uses the volume.`);
    }
  },
});
