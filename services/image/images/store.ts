import type { Knex } from 'knex';
import { type Caller, isAdmin } from '#shared/auth/caller.ts';
import { isDuplicate } from '#shared/db/errors.ts';
import { conflict, Fault } from '#shared/errors/fault.ts';
import type { ImageStatus, Visibility } from './states.ts';

export interface ImageRow {
  readonly id: string;
  readonly name: string | null;
  readonly owner: string | null;
  readonly status: ImageStatus;
  readonly visibility: Visibility;
  readonly size: number | null;
  readonly virtualSize: number | null;
  readonly checksum: string | null;
  readonly osHashAlgo: string | null;
  readonly osHashValue: string | null;
  readonly diskFormat: string | null;
  readonly containerFormat: string | null;
  /** GB */
  readonly minDisk: number;
  /** MB */
  readonly minRam: number;
  readonly isProtected: boolean;
  readonly osHidden: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly deletedAt: number | null;
  readonly uploadId: string | null;
  /** End of the lease of a running upload, in milliseconds since 1970. */
  readonly uploadUntil: number | null;
  /** Bytes of the project's quota reserved by a running upload. */
  readonly reservedBytes: number | null;
  /** ContentInfo of staged data, as JSON. */
  readonly staged: string | null;
}

export interface Image extends ImageRow {
  readonly properties: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
}

/** Glance's fault for an image that does not exist or is not visible to the caller. */
export const imageNotFound = (id: string) =>
  new Fault(404, 'notFound', `No image found with ID ${id}`, { type: 'ImageNotFound' });

/** Throws 404 when the image does not exist or is not visible to the caller. */
export async function getImage(db: Knex, caller: Caller, id: string): Promise<Image> {
  const row = (await db<ImageRow>('images').where({ id, deletedAt: null }).first()) as ImageRow | undefined;
  if (!row || !(await isVisible(db, caller, row))) throw imageNotFound(id);
  const [image] = await withPropertiesAndTags(db, [row]);
  return image as Image;
}

export async function isVisible(db: Knex, caller: Caller, { id, owner, visibility }: ImageRow): Promise<boolean> {
  if (isAdmin(caller) || owner === null || visibility === 'public' || visibility === 'community') return true;
  if (owner === caller.projectId) return true;
  if (visibility !== 'shared' || caller.projectId === null) return false;
  return (await db('image_members').where({ imageId: id, memberId: caller.projectId }).first('imageId')) !== undefined;
}

/** Adds properties and tags, with one query each for all rows. */
export async function withPropertiesAndTags(db: Knex, rows: readonly ImageRow[]): Promise<Image[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const properties = await db('image_properties').whereIn('imageId', ids).orderBy('name');
  const tags = await db('image_tags').whereIn('imageId', ids).orderBy('tag');
  const propertiesOf = Map.groupBy(properties, ({ imageId }) => imageId as string);
  const tagsOf = Map.groupBy(tags, ({ imageId }) => imageId as string);
  return rows.map((row) => ({
    ...row,
    properties: Object.fromEntries((propertiesOf.get(row.id) ?? []).map(({ name, value }) => [name, value])),
    tags: (tagsOf.get(row.id) ?? []).map(({ tag }) => tag),
  }));
}

export async function insertImage(tx: Knex, { properties, tags, ...row }: Image): Promise<void> {
  try {
    await tx<ImageRow>('images').insert(row);
  } catch (error) {
    if (isDuplicate(error)) throw conflict(`Image ID ${row.id} already exists!`);
    throw error;
  }
  await writeProperties(tx, row.id, properties);
  await writeTags(tx, row.id, tags);
}

/** Throws 404 for a deleted image. Replaces all properties and tags. */
export async function updateImage(tx: Knex, { properties, tags, ...row }: Image): Promise<void> {
  const { id, name, owner, visibility, diskFormat, containerFormat, minDisk, minRam, isProtected, osHidden } = row;
  const columns = { name, owner, visibility, diskFormat, containerFormat, minDisk, minRam, isProtected, osHidden };
  const found = await tx<ImageRow>('images')
    .where({ id, deletedAt: null })
    .update({ ...columns, updatedAt: row.updatedAt });
  if (found === 0) throw imageNotFound(id);
  await writeProperties(tx, id, properties);
  await writeTags(tx, id, tags);
}

async function writeProperties(tx: Knex, imageId: string, properties: Image['properties']): Promise<void> {
  await tx('image_properties').where({ imageId }).delete();
  const rows = Object.entries(properties).map(([name, value]) => ({ imageId, name, value }));
  if (rows.length > 0) await tx('image_properties').insert(rows);
}

async function writeTags(tx: Knex, imageId: string, tags: readonly string[]): Promise<void> {
  await tx('image_tags').where({ imageId }).delete();
  const rows = [...new Set(tags)].map((tag) => ({ imageId, tag }));
  if (rows.length > 0) await tx('image_tags').insert(rows);
}

/** Reads and locks the row until the end of the transaction. */
export const lockImage = async (tx: Knex, id: string): Promise<ImageRow | undefined> =>
  tx<ImageRow>('images').where({ id, deletedAt: null }).forUpdate().first() as Promise<ImageRow | undefined>;

/** One conditional UPDATE; returns false when the image has none of these statuses or is deleted. */
export async function updateImageStatus(
  tx: Knex,
  id: string,
  from: readonly ImageStatus[],
  change: Partial<ImageRow>,
): Promise<boolean> {
  const rows = tx<ImageRow>('images').where({ id, deletedAt: null }).whereIn('status', from);
  return (await rows.update({ ...change, updatedAt: Date.now() })) > 0;
}

/** Keeps the row, so that the id cannot be used again. Returns false when it is deleted already or protected. */
export async function markDeleted(tx: Knex, id: string): Promise<boolean> {
  const deletedAt = Date.now();
  const found = tx<ImageRow>('images').where({ id, deletedAt: null, isProtected: false });
  if ((await found.update({ status: 'deleted', deletedAt, updatedAt: deletedAt })) === 0) return false;
  for (const table of ['image_properties', 'image_tags', 'image_members', 'image_imports'])
    await tx(table).where({ imageId: id }).delete();
  return true;
}
