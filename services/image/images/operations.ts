import { randomUUID } from 'node:crypto';
import { type Caller, projectOf } from '#shared/auth/caller.ts';
import { badRequest, conflict, forbidden } from '#shared/errors/fault.ts';
import { parseCreate, parseUpdate } from '#shared/resource/body.ts';
import type { Config } from '../config.ts';
import type { Images } from '../context.ts';
import { checkLimit } from '../quotas/limits.ts';
import { attributes, checkImage, checkName } from './attributes.ts';
import type { Change } from './patch.ts';
import { type Image, imageNotFound, insertImage, lockImage, updateImage, withPropertiesAndTags } from './store.ts';

export type ImageInput = Readonly<Record<string, unknown>>;
/** Throws 403 unless the caller may set the visibility that the changed image has. */
type CheckVisibility = (image: Image) => void;

export async function createImage({ db, config }: Images, caller: Caller, input: ImageInput, allow: CheckVisibility) {
  for (const name of Object.keys(input)) checkName(name, 'create');
  const image = newImage(caller, input);
  checkImage(image, config);
  allow(image);
  await db.transaction(async (tx) => {
    await checkLimit(tx, config, image.owner, 'image_count_total');
    await insertImage(tx, image);
  });
  return image;
}

function newImage(caller: Caller, input: ImageInput): Image {
  const now = Date.now();
  const properties = Object.entries(input).filter(([name]) => !Object.hasOwn(attributes, name));
  return {
    id: randomUUID(),
    owner: projectOf(caller) || null,
    status: 'queued',
    ...{ size: null, virtualSize: null, checksum: null, osHashAlgo: null, osHashValue: null },
    ...{ uploadId: null, uploadUntil: null, reservedBytes: null, staged: null, store: null },
    ...{ createdAt: now, updatedAt: now, deletedAt: null },
    ...parseCreate(attributes, input),
    copies: [],
    properties: Object.fromEntries(properties) as Record<string, string>,
  };
}

type Edit = (image: Image) => Image;

/** Edits an image under its lock, in one transaction. */
export function changeImage({ db, config }: Images, id: string, edit: Edit): Promise<Image> {
  return db.transaction(async (tx) => {
    const row = await lockImage(tx, id);
    if (!row) throw imageNotFound(id);
    const [before] = await withPropertiesAndTags(tx, [row]);
    const after = { ...edit(before as Image), updatedAt: Date.now() };
    checkImage(after, config);
    await updateImage(tx, after);
    return after;
  });
}

/** What the changes make of an image. */
export const patched =
  (config: Config, changes: readonly Change[], mayChangeOwner: boolean): Edit =>
  (before) =>
    changes.reduce((image, change) => {
      const { op, name, mayOverwrite } = change;
      if (name === 'locations') throw forbidden("It's not allowed to update locations if locations are invisible.");
      checkName(name, 'update');
      const isAttribute = Object.hasOwn(attributes, name);
      if (isAttribute && op === 'remove') throw forbidden(`Property ${name} may not be removed.`);
      const isPresent = isAttribute || Object.hasOwn(image.properties, name);
      if (op === 'add' && isPresent && !mayOverwrite) throw conflict(`Property ${name} already present.`);
      if (op !== 'add' && !isPresent) throw conflict(`Property ${name} does not exist.`);
      if (isAttribute) return withAttribute(image, change, mayChangeOwner);
      return withProperty(image, change, config);
    }, before);

function withProperty(image: Image, { op, name, value }: Change, config: Config): Image {
  const { [name]: _, ...others } = image.properties;
  if (op === 'remove') return { ...image, properties: others };
  if (typeof value !== 'string')
    throw badRequest(`Provided object does not match schema 'image': ${JSON.stringify(value)} is not of type 'string'`);
  const after = { ...image, properties: { ...others, [name]: value } };
  if (Object.keys(others).length >= config.properties) checkImage(after, config);
  return after;
}

function withAttribute(image: Image, { name, value }: Change, mayChangeOwner: boolean): Image {
  const change = parseUpdate(attributes, { [name]: value });
  if (name === 'owner' && !mayChangeOwner) throw forbidden("Owner can't be updated by non admin.");
  if ((name === 'disk_format' || name === 'container_format') && image.status !== 'queued')
    throw forbidden(`Attribute ${name} can be only replaced for a queued image.`);
  return { ...image, ...change };
}
