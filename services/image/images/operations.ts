import { randomUUID } from 'node:crypto';
import { type Caller, projectOf } from '#shared/auth/caller.ts';
import { badRequest, conflict, forbidden } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';
import type { Config } from '../config.ts';
import type { Images } from '../context.ts';
import { checkImageCount } from '../quotas/limits.ts';
import { baseFields, checkImage, checkName } from './attributes.ts';
import type { Change } from './patch.ts';
import { type Image, imageNotFound, insertImage, lockImage, updateImage, withPropertiesAndTags } from './store.ts';

export type ImageInput = Readonly<Record<string, unknown>>;
/** Throws 403 unless the caller may set the visibility that the changed image has. */
type CheckVisibility = (image: Image) => void;

export async function createImage({ db, config }: Images, caller: Caller, input: ImageInput, allow: CheckVisibility) {
  for (const name of Object.keys(input)) if (name !== 'id') checkName(name);
  const image = newImage(caller, input);
  checkImage(image, config);
  allow(image);
  await db.transaction(async (tx) => {
    await checkImageCount(tx, config, image.owner);
    await insertImage(tx, image);
  });
  return image;
}

function newImage(caller: Caller, input: ImageInput): Image {
  const now = Date.now();
  const properties = Object.entries(input).filter(([name]) => !Object.hasOwn(baseFields, name) && name !== 'id');
  const given = Object.entries(baseFields).filter(([name]) => Object.hasOwn(input, name));
  return {
    id: String(input.id ?? randomUUID()),
    name: null,
    owner: projectOf(caller) || null,
    status: 'queued',
    visibility: 'shared',
    size: null,
    virtualSize: null,
    checksum: null,
    osHashAlgo: null,
    osHashValue: null,
    diskFormat: null,
    containerFormat: null,
    minDisk: 0,
    minRam: 0,
    isProtected: false,
    osHidden: false,
    createdAt: now,
    updatedAt: now,
    deletedAt: null,
    uploadId: null,
    uploadUntil: null,
    reservedBytes: null,
    staged: null,
    tags: [],
    ...Object.fromEntries(given.map(([name, field]) => [field, input[name]])),
    properties: Object.fromEntries(properties) as Record<string, string>,
  };
}

/** Applies all changes in one transaction. */
export async function changeImage(
  { db, config }: Images,
  { id }: Image,
  changes: readonly Change[],
  check: { readonly visibility: CheckVisibility; readonly mayChangeOwner: boolean },
): Promise<Image> {
  return db.transaction(async (tx) => {
    const [before] = await withPropertiesAndTags(tx, [(await lockImage(tx, id)) ?? missing(id)]);
    const after = changes.reduce(
      (image, change) => applyChange(image, change, config, check.mayChangeOwner),
      before as Image,
    );
    checkImage(after, config);
    if (after.visibility !== before?.visibility) check.visibility(after);
    const changed = { ...after, updatedAt: Date.now() };
    await updateImage(tx, changed);
    return changed;
  });
}

const missing = (id: string): never => {
  throw imageNotFound(id);
};

function applyChange(image: Image, change: Change, config: Config, mayChangeOwner: boolean): Image {
  const { op, name, value } = change;
  if (name === 'locations') throw forbidden("It's not allowed to update locations if locations are invisible.");
  if (name === 'id') throw forbidden("Attribute 'id' is read-only.");
  checkName(name);
  const field = own(baseFields, name);
  if (field) return withAttribute(image, field, change, mayChangeOwner);
  const present = Object.hasOwn(image.properties, name) ? image.properties[name] : undefined;
  const others = Object.fromEntries(Object.entries(image.properties).filter(([each]) => each !== name));
  if (op !== 'add' && present === undefined) throw conflict(`Property ${name} does not exist.`);
  if (op === 'remove') return { ...image, properties: others };
  if (op === 'add' && present !== undefined && !change.mayOverwrite)
    throw conflict(`Property ${name} already present.`);
  if (typeof value !== 'string')
    throw badRequest(`Provided object does not match schema 'image': ${JSON.stringify(value)} is not of type 'string'`);
  if (Object.keys(others).length >= config.properties)
    checkImage({ ...image, properties: { ...others, [name]: value } }, config);
  return { ...image, properties: { ...others, [name]: value } };
}

const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  name: (value) => value === null || (typeof value === 'string' && value.length <= 255),
  owner: (value) => value === null || (typeof value === 'string' && value.length <= 64),
  visibility: (value) => ['community', 'public', 'private', 'shared'].includes(value as string),
  diskFormat: (value) => value === null || typeof value === 'string',
  containerFormat: (value) => value === null || typeof value === 'string',
  minDisk: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31,
  minRam: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31,
  isProtected: (value) => typeof value === 'boolean',
  osHidden: (value) => typeof value === 'boolean',
  tags: (value) => Array.isArray(value) && value.every((tag) => typeof tag === 'string' && tag.length <= 255),
};

function withAttribute(
  image: Image,
  field: keyof Image,
  { op, name, value, mayOverwrite }: Change,
  mayChangeOwner: boolean,
): Image {
  if (op === 'remove') throw forbidden(`Property ${name} may not be removed.`);
  if (op === 'add' && !mayOverwrite) throw conflict(`Property ${name} already present.`);
  if (!own(types, field)?.(value))
    throw badRequest(
      `Provided object does not match schema 'image': ${JSON.stringify(value)} is not valid for '${name}'`,
    );
  if (field === 'owner' && !mayChangeOwner) throw forbidden("Owner can't be updated by non admin.");
  if ((field === 'diskFormat' || field === 'containerFormat') && image.status !== 'queued')
    throw forbidden(`Attribute ${name} can be only replaced for a queued image.`);
  return { ...image, [field]: value };
}
