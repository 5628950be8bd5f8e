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
  /** While an upload lives it keeps this ahead of now. */
  readonly uploadUntil: number | null;
  /** What it has of its project's quota while its bytes come. */
  readonly reservedBytes: number | null;
  /** JSON of what is known of bytes that wait for their import. */
  readonly staged: string | null;
}

export interface Image extends ImageRow {
  readonly properties: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
}

/** Glance's words for an image that is not there, or not for this caller. */
export const noImage = (id: string) =>
  new Fault(404, 'notFound', `No image found with ID ${id}`, { type: 'ImageNotFound' });

/** Whom an image is shown to is decided here, once: to others it does not exist. */
export async function findImage(db: Knex, caller: Caller, id: string): Promise<Image> {
  const row = (await db<ImageRow>('images').where({ id, deletedAt: null }).first()) as ImageRow | undefined;
  if (!row || !(await isVisible(db, caller, row))) throw noImage(id);
  const [image] = await withMore(db, [row]);
  return image as Image;
}

export async function isVisible(db: Knex, caller: Caller, { id, owner, visibility }: ImageRow): Promise<boolean> {
  if (isAdmin(caller) || owner === null || visibility === 'public' || visibility === 'community') return true;
  if (owner === caller.projectId) return true;
  if (visibility !== 'shared' || caller.projectId === null) return false;
  return (await db('image_members').where({ imageId: id, memberId: caller.projectId }).first('imageId')) !== undefined;
}

/** Properties and tags, one query each for all of them. */
export async function withMore(db: Knex, rows: readonly ImageRow[]): Promise<Image[]> {
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

/** The row is changed only while it is there; what it has of properties and tags is written anew. */
export async function updateImage(tx: Knex, { properties, tags, ...row }: Image): Promise<void> {
  const { id, name, owner, visibility, diskFormat, containerFormat, minDisk, minRam, isProtected, osHidden } = row;
  const asked = { name, owner, visibility, diskFormat, containerFormat, minDisk, minRam, isProtected, osHidden };
  const found = await tx<ImageRow>('images')
    .where({ id, deletedAt: null })
    .update({ ...asked, updatedAt: row.updatedAt });
  if (found === 0) throw noImage(id);
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

/** For changes that begin with a look at what there is. */
export const lockImage = async (tx: Knex, id: string): Promise<ImageRow | undefined> =>
  tx<ImageRow>('images').where({ id, deletedAt: null }).forUpdate().first() as Promise<ImageRow | undefined>;

/** Only from these states, and only while it is there: false when it is not so. */
export async function moveImage(
  tx: Knex,
  id: string,
  from: readonly ImageStatus[],
  change: Partial<ImageRow>,
): Promise<boolean> {
  const moved = tx<ImageRow>('images').where({ id, deletedAt: null }).whereIn('status', from);
  return (await moved.update({ ...change, updatedAt: Date.now() })) > 0;
}

/** The id stays remembered: it must not be used again. */
export async function markDeleted(tx: Knex, id: string): Promise<boolean> {
  const deletedAt = Date.now();
  const found = tx<ImageRow>('images').where({ id, deletedAt: null, isProtected: false });
  if ((await found.update({ status: 'deleted', deletedAt, updatedAt: deletedAt })) === 0) return false;
  for (const table of ['image_properties', 'image_tags', 'image_members', 'image_imports'])
    await tx(table).where({ imageId: id }).delete();
  return true;
}
