import type { Knex } from 'knex';
import { type Caller, projectOf } from '#shared/auth/caller.ts';
import { may, whereAllowed } from '#shared/auth/policy.ts';
import { applyPage, type Sort } from '#shared/db/page.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { findVisible, type Image, type ImageRow, whereVisible, withPropertiesAndTags } from '../images/store.ts';

export interface ListRequest {
  /** Applies the filters by attribute. */
  narrow(query: Knex.QueryBuilder): void;
  readonly properties: readonly { readonly name: string; readonly value: string }[];
  readonly tags: readonly string[];
  /** Undefined: all except community images of other projects. */
  readonly visibility: string | undefined;
  readonly memberStatus: string;
  readonly sorts: readonly Sort[];
  readonly marker: string | undefined;
  readonly limit: number;
}

/** Returns one page in the requested order. */
export async function listImages(db: Knex, caller: Caller, request: ListRequest): Promise<Image[]> {
  const { visibility, memberStatus, sorts, marker, limit } = request;
  const query: Knex.QueryBuilder = db<ImageRow>('images').where({ deletedAt: null });
  request.narrow(query);
  for (const tag of request.tags) query.whereIn('id', db('image_tags').where({ tag }).select('imageId'));
  for (const property of request.properties)
    query.whereIn('id', db('image_properties').where(property).select('imageId'));
  if (visibility === undefined)
    query.where((or) => or.where({ owner: projectOf(caller) }).orWhereNot({ visibility: 'community' }));
  else if (visibility !== 'all') query.where({ visibility });
  whereAllowed(query, caller, 'get_image');
  if (!may(caller, 'context_is_admin')) query.where((or) => whereVisible(db, or, caller, memberStatus));
  const after = marker === undefined ? undefined : { ...(await getMarker(db, caller, marker)) };
  applyPage(query, { sorts, limit, ...(after && { after }) });
  return withPropertiesAndTags(db, (await query) as ImageRow[]);
}

/** Finds deleted images, too. An invisible image gets the same error as a missing one. */
async function getMarker(db: Knex, caller: Caller, id: string): Promise<ImageRow> {
  const marker = await findVisible(db, caller, { id });
  if (!marker) throw badRequest(`No image found with ID ${id}`);
  return marker;
}
