/** The body of an import, and the stores that it names. */
import { randomUUID } from 'node:crypto';
import { badRequest, conflict } from '#shared/errors/fault.ts';
import type { Call } from '#shared/http/route.ts';
import type { Image } from '../images/store.ts';
import type { Import } from './store.ts';

export interface ImportRequest {
  readonly method: { readonly name: string; readonly uri?: string };
  readonly stores?: readonly string[];
  readonly all_stores?: boolean;
  readonly all_stores_must_succeed?: boolean;
}

/** What the methods of import get. */
export interface ImportSpec {
  readonly body: ImportRequest;
  /** Empty when the request names none. */
  readonly stores: readonly string[];
  readonly row: Import;
}

export const mustSucceed = ({ all_stores_must_succeed: must = true }: ImportRequest): boolean => must;

/** Throws 409 when the image cannot be imported in its status, or has no formats. */
export function checkReady({ status, containerFormat, diskFormat }: Image, method: string): void {
  if (status === 'active' && method !== 'copy-image')
    throw conflict('Image with status active cannot be target for import');
  if (status !== 'active' && method === 'copy-image')
    throw conflict('Only images with status active can be targeted for copying');
  if (status !== 'queued' && method === 'web-download')
    throw conflict("Image needs to be in 'queued' state to use 'web-download' method");
  if (status !== 'uploading' && method === 'glance-direct')
    throw conflict("Image needs to be staged before 'glance-direct' method can be used");
  for (const [name, value] of Object.entries({ container_format: containerFormat, disk_format: diskFormat }))
    if (value === null) throw conflict(`'${name}' needs to be set before import`);
}

/** Throws 400 when the request names stores in two ways, 409 for a store that this cloud does not have. */
export function storesOf(
  names: readonly string[],
  { body, header }: Pick<Call<ImportRequest>, 'body' | 'header'>,
): string[] {
  const { stores, all_stores: all = false } = body;
  const named = header('x-image-meta-store') || undefined;
  if (all && (stores || named))
    throw badRequest("All_stores parameter can't be used with x-image-meta-store header or stores parameter");
  if (stores && named) throw badRequest("Stores parameter and x-image-meta-store header can't be both specified");
  const wanted = all ? names : (stores ?? (named === undefined ? [] : [named]));
  const unknown = wanted.find((store) => !names.includes(store));
  if (unknown !== undefined) throw conflict(`The store ${unknown} does not exist: the stores are ${names.join(', ')}.`);
  return [...new Set(wanted)];
}

export const newImport = (
  { caller, body }: Pick<Call<ImportRequest>, 'caller' | 'body'>,
  image: Image,
  stores: readonly string[],
): Import => ({
  id: randomUUID(),
  imageId: image.id,
  owner: image.owner,
  userId: caller.userId,
  requestId: caller.requestId,
  wish: JSON.stringify(body),
  stores: JSON.stringify(stores),
  status: 'processing',
  message: null,
  createdAt: Date.now(),
  updatedAt: Date.now(),
});
