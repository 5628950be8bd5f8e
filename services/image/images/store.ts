import type { Knex } from 'knex';
import { type Caller, projectOf } from '#shared/auth/caller.ts';
import { may } from '#shared/auth/policy.ts';
import { isDuplicate } from '#shared/db/errors.ts';
import { conflict, Fault } from '#shared/errors/fault.ts';
import { columnOf } from '#shared/resource/attribute.ts';
import { type Copy, listCopies } from '../copies/store.ts';
import { type ImageAttributes, imageAttributes } from './attributes.ts';
import type { ImageStatus } from './states.ts';

export interface ImageRow extends Omit<ImageAttributes, 'tags'> {
  readonly deletedAt: number | null;
  /** The primary store of the data; null without data. */
  readonly store: string | null;
  readonly uploadId: string | null;
  /** Changes with each renewal of the lease of a running upload; null without one. */
  readonly uploadUntil: number | null;
  /** Bytes of the project's quota reserved by a running upload. */
  readonly reservedBytes: number | null;
  /** ContentInfo of staged data, as JSON. */
  readonly staged: string | null;
}

export interface Image extends ImageRow, Pick<ImageAttributes, 'tags'> {
  readonly properties: Readonly<Record<string, string>>;
  /** In further stores. */
  readonly copies: readonly Copy[];
}

/** Glance's fault for an image that does not exist or is not visible to the caller. */
export const imageNotFound = (id: string) =>
  new Fault(404, 'notFound', `No image found with ID ${id}`, { type: 'ImageNotFound' });

/** Throws 404 when the image does not exist or is not visible to the caller. */
export async function getImage(db: Knex, caller: Caller, id: string): Promise<Image> {
  const row = await findVisible(db, caller, { id, deletedAt: null });
  if (!row) throw imageNotFound(id);
  const [image] = await withPropertiesAndTags(db, [row]);
  return image as Image;
}

/** Whoever asks: for work that a caller was allowed to begin. */
export async function findImage(db: Knex, id: string): Promise<Image | undefined> {
  const row = await db<ImageRow>('images').where({ id, deletedAt: null }).first();
  return row && (await withPropertiesAndTags(db, [row as ImageRow]))[0];
}

/** One image that the caller may see; images without an owner are visible to all. */
export async function findVisible(db: Knex, caller: Caller, which: Partial<ImageRow>): Promise<ImageRow | undefined> {
  const query = db<ImageRow>('images').where(which);
  if (!may(caller, 'context_is_admin')) query.where((or) => void whereVisible(db, or.whereNull('owner'), caller));
  return (await query.first()) as ImageRow | undefined;
}

/** Or those of the project, public and community ones, and shared ones of which it is a member. */
export function whereVisible(db: Knex, or: Knex.QueryBuilder, caller: Caller, memberStatus = 'all'): void {
  const shared = db('image_members').where({ memberId: projectOf(caller) });
  if (memberStatus !== 'all') shared.where({ status: memberStatus });
  or.orWhere({ owner: projectOf(caller) })
    .orWhereIn('visibility', ['public', 'community'])
    .orWhere((both) => both.where({ visibility: 'shared' }).whereIn('id', shared.select('imageId')));
}

/** Adds properties, tags and copies, with one query each for all rows. */
export async function withPropertiesAndTags(db: Knex, rows: readonly ImageRow[]): Promise<Image[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const properties = await db('image_properties').whereIn('imageId', ids).orderBy('name');
  const tags = await db('image_tags').whereIn('imageId', ids).orderBy('tag');
  const propertiesOf = Map.groupBy(properties, ({ imageId }) => imageId as string);
  const copiesOf = Map.groupBy(await listCopies(db, ids), ({ imageId }) => imageId);
  const tagsOf = Map.groupBy(tags, ({ imageId }) => imageId as string);
  return rows.map((row) => ({
    ...row,
    properties: Object.fromEntries((propertiesOf.get(row.id) ?? []).map(({ name, value }) => [name, value])),
    tags: (tagsOf.get(row.id) ?? []).map(({ tag }) => tag),
    copies: copiesOf.get(row.id) ?? [],
  }));
}

export async function insertImage(tx: Knex, { properties, tags, copies: _none, ...row }: Image): Promise<void> {
  try {
    await tx<ImageRow>('images').insert(row);
  } catch (error) {
    if (isDuplicate(error)) throw conflict(`Image ID ${row.id} already exists!`);
    throw error;
  }
  await writeProperties(tx, row.id, properties);
  await writeTags(tx, row.id, tags);
}

const changeable = new Set(
  Object.entries(imageAttributes)
    .filter(([, { options }]) => options.set?.includes('update'))
    .map(([name, attribute]) => columnOf(name, attribute)),
);

/** Throws 404 for a deleted image. Replaces all properties and tags. */
export async function updateImage(tx: Knex, { properties, tags, ...row }: Image): Promise<void> {
  const columns = Object.fromEntries(Object.entries(row).filter(([column]) => changeable.has(column)));
  const found = await tx<ImageRow>('images')
    .where({ id: row.id, deletedAt: null })
    .update({ ...columns, updatedAt: row.updatedAt });
  if (found === 0) throw imageNotFound(row.id);
  await writeProperties(tx, row.id, properties);
  await writeTags(tx, row.id, tags);
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
  for (const table of ['image_properties', 'image_tags', 'image_members', 'image_imports', 'image_copies'])
    await tx(table).where({ imageId: id }).delete();
  return true;
}
