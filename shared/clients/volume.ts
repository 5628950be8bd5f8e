/** The client of the Volume API (Cinder). Methods act as the user of `token`, without one as the service's own user. */
import { ensureDeleted, queryOf } from './request.ts';
import type { Input, Session } from './session.ts';

export interface VolumeJson {
  readonly id: string;
  readonly name: string | null;
  readonly size: number;
  readonly status: string;
  readonly bootable: string;
  readonly multiattach?: boolean;
  readonly attachments?: readonly { readonly server_id: string; readonly attachment_id?: string }[];
  readonly volume_image_metadata?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
}
export interface VolumeTypeJson {
  readonly id: string;
  readonly name: string;
}
export interface SnapshotJson {
  readonly id: string;
  readonly volume_id: string;
  readonly size: number;
  readonly status: string;
}
export interface AttachmentJson {
  readonly id: string;
  readonly status?: string;
  readonly instance: string;
  readonly volume_id: string;
  readonly connection_info?: Readonly<Record<string, unknown>>;
}

export interface VolumeClient {
  show(id: string, token?: string): Promise<VolumeJson>;
  showSnapshot(id: string, token?: string): Promise<SnapshotJson>;
  createSnapshot(snapshot: Readonly<Record<string, unknown>>, token: string): Promise<SnapshotJson>;
  /** Content when it is not there. */
  removeSnapshot(id: string): Promise<void>;
  /** Public types, and those that the token's project has access to. */
  listTypes(token: string): Promise<readonly VolumeTypeJson[]>;
  /** Creates a volume in that project. */
  create(projectId: string, volume: Readonly<Record<string, unknown>>): Promise<VolumeJson>;
  /** Finds a volume by its metadata. */
  findVolumeByMetadata(projectId: string, mark: Readonly<Record<string, string>>): Promise<VolumeJson | undefined>;
  remove(id: string): Promise<void>;
  listAttachments(query: { readonly instance: string; readonly volume?: string }): Promise<readonly AttachmentJson[]>;
  createAttachment(input: Readonly<Record<string, unknown>>): Promise<AttachmentJson>;
  /** Returns the connection info for that host. */
  connectAttachment(id: string, connector: Readonly<Record<string, unknown>>): Promise<AttachmentJson>;
  completeAttachment(id: string): Promise<void>;
  /** Passes a request of a user on, for old APIs of other services. */
  forward<T>(path: string, input: Input & { readonly token: string }): Promise<T>;
  /** Content when it is not there. */
  removeAttachment(id: string): Promise<void>;
}

const volumeVersion = { 'openstack-api-version': 'volume 3.54' };

export function volumeClient(session: Session): VolumeClient {
  const ask = <T>(path: string, input: Input = {}): Promise<T> =>
    session.json<T>('volumev3', path, { ...input, headers: volumeVersion });
  const listAttachments: VolumeClient['listAttachments'] = async ({ instance, volume }) => {
    const query = { all_tenants: '1', instance_id: instance, ...(volume === undefined ? {} : { volume_id: volume }) };
    const { attachments } = await ask<{ attachments: AttachmentJson[] }>(`/attachments/detail${queryOf(query)}`);
    return attachments.filter(
      (each) => each.instance === instance && (volume === undefined || each.volume_id === volume),
    );
  };
  return {
    show: async (id, token) =>
      (await ask<{ volume: VolumeJson }>(`/volumes/${encodeURIComponent(id)}`, { token })).volume,
    showSnapshot: async (id, token) =>
      (await ask<{ snapshot: SnapshotJson }>(`/snapshots/${encodeURIComponent(id)}`, { token })).snapshot,
    createSnapshot: async (snapshot, token) =>
      (await ask<{ snapshot: SnapshotJson }>('/snapshots', { method: 'POST', body: { snapshot }, token })).snapshot,
    removeSnapshot: (id) => ensureDeleted(ask(`/snapshots/${id}`, { method: 'DELETE' })),
    listTypes: async (token) =>
      (await ask<{ volume_types: VolumeTypeJson[] }>('/types?is_public=None', { token })).volume_types,
    create: async (projectId, volume) =>
      (await ask<{ volume: VolumeJson }>(`/${projectId}/volumes`, { method: 'POST', body: { volume } })).volume,
    findVolumeByMetadata: async (projectId, mark) => {
      const metadata = JSON.stringify(mark);
      const query = queryOf({ all_tenants: '1', project_id: projectId, metadata });
      const { volumes } = await ask<{ volumes: (VolumeJson & { metadata?: Record<string, string> })[] }>(
        `/volumes/detail${query}`,
      );
      return volumes.find(({ metadata: has = {} }) => Object.entries(mark).every(([key, value]) => has[key] === value));
    },
    remove: (id) => ensureDeleted(ask(`/volumes/${id}`, { method: 'DELETE' })),
    listAttachments,
    createAttachment: async (attachment) =>
      (await ask<{ attachment: AttachmentJson }>('/attachments', { method: 'POST', body: { attachment } })).attachment,
    connectAttachment: async (id, connector) =>
      (
        await ask<{ attachment: AttachmentJson }>(`/attachments/${id}`, {
          method: 'PUT',
          body: { attachment: { connector } },
        })
      ).attachment,
    completeAttachment: async (id) => {
      await ask(`/attachments/${id}/action`, { method: 'POST', body: { 'os-complete': {} } });
    },
    forward: (path, input) => ask(path, input),
    removeAttachment: (id) => ensureDeleted(ask(`/attachments/${id}`, { method: 'DELETE' })),
  };
}
