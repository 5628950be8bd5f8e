/** The client of the Image API (Glance). */
import { Readable } from 'node:stream';
import type { Reply } from './http.ts';
import { ensureDeleted, type Query, queryOf } from './request.ts';
import { readJson, type Session } from './session.ts';

export interface Image {
  readonly id: string;
  readonly name: string | null;
  readonly status: string;
  readonly disk_format: string | null;
  readonly container_format: string | null;
  readonly size: number | null;
  readonly virtual_size: number | null;
  readonly checksum: string | null;
  readonly min_disk: number;
  readonly min_ram: number;
  readonly owner: string | null;
  readonly visibility: string;
  readonly os_hash_algo?: string | null;
  readonly os_hash_value?: string | null;
  readonly [property: string]: unknown;
}

const standard = new Set(
  'id name status disk_format container_format size virtual_size checksum min_disk min_ram owner visibility created_at updated_at protected tags self file schema os_hash_algo os_hash_value os_hidden locations direct_url stores'.split(
    ' ',
  ),
);

/** The custom properties of an image. */
export const propertiesOf = (image: Image): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(image).flatMap(([name, value]) =>
      standard.has(name) || typeof value !== 'string' ? [] : [[name, value] as const],
    ),
  );

/** Methods act as the user of `token`, without one as the service's own user. */
export interface ImageClient {
  /** Throws 404 for an image that the user may not see. */
  show(id: string, token?: string): Promise<Image>;
  /** Returns the images that the user may see. */
  list(query: Query, token?: string): Promise<readonly Image[]>;
  /** Returns the bytes as a stream. Throws like `Session.json`. */
  download(id: string, signal?: AbortSignal): Promise<Reply>;
  create(image: Readonly<Record<string, unknown>>, token?: string): Promise<Image>;
  upload(id: string, bytes: Readable, signal?: AbortSignal): Promise<void>;
  /** Makes a queued image active that has no bytes. */
  uploadNothing(id: string): Promise<void>;
  /** A patch of JSON pointers. */
  update(id: string, patch: readonly object[], token: string): Promise<Image>;
  /** Throws as the image service refuses. */
  delete(id: string, token: string): Promise<void>;
  /** Does nothing when the image does not exist. */
  remove(id: string): Promise<void>;
}

const upload =
  (session: Session) =>
  async (id: string, bytes: Readable, signal?: AbortSignal): Promise<void> => {
    const headers = { 'content-type': 'application/octet-stream' };
    const reply = await session.raw('image', `/v2/images/${id}/file`, {
      method: 'PUT',
      body: bytes,
      headers,
      timeoutMs: 3_600_000,
      signal,
    });
    await readJson(reply, `upload of image ${id}`);
  };

export const imageClient = (session: Session): ImageClient => ({
  show: (id, token) => session.json('image', `/v2/images/${encodeURIComponent(id)}`, { token }),
  list: async (query, token) =>
    (await session.json<{ images: Image[] }>('image', `/v2/images${queryOf(query)}`, { token })).images,
  download: async (id, signal) => {
    const reply = await session.raw('image', `/v2/images/${id}/file`, { signal });
    if (reply.status !== 200) await readJson(reply, `download of image ${id}`);
    return reply;
  },
  create: (image, token) => session.json('image', '/v2/images', { method: 'POST', body: image, token }),
  upload: upload(session),
  uploadNothing: (id) => upload(session)(id, Readable.from([])),
  update: (id, patch, token) =>
    session.json('image', `/v2/images/${encodeURIComponent(id)}`, {
      method: 'PATCH',
      body: patch,
      headers: { 'content-type': 'application/openstack-images-v2.1-json-patch' },
      token,
    }),
  delete: (id, token) => session.json('image', `/v2/images/${encodeURIComponent(id)}`, { method: 'DELETE', token }),
  remove: (id) => ensureDeleted(session.json('image', `/v2/images/${id}`, { method: 'DELETE' })),
});
