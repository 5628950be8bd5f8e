import type { Knex } from 'knex';
import { type Caller, isAdmin } from '#shared/auth/caller.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { type Image, type ImageRow, isVisible, withPropertiesAndTags } from '../images/store.ts';

export interface Condition {
  readonly column: string;
  readonly compare: '=' | '<' | '<=' | '>=' | 'in' | 'outside';
  /** One value; a list for `in`; the first and the last of a range for `outside`. */
  readonly value: string | number | boolean | readonly string[] | readonly [number, number];
}

export interface ListRequest {
  readonly conditions: readonly Condition[];
  readonly properties: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  /** Undefined: all except community images of other projects. */
  readonly visibility: string | undefined;
  readonly memberStatus: string;
  readonly sort: readonly { readonly column: string; readonly descending: boolean }[];
  readonly marker: string | undefined;
  readonly limit: number;
}

/** Returns one page in the requested order. */
export async function listImages(db: Knex, caller: Caller, request: ListRequest): Promise<Image[]> {
  const query = db<ImageRow>('images').where({ deletedAt: null });
  for (const { column, compare, value } of request.conditions) {
    if (compare === 'in') query.whereIn(column, value as readonly string[]);
    else if (compare === 'outside') query.whereNotBetween(column, value as readonly [number, number]);
    else query.where(column, compare, value as string);
  }
  for (const tag of request.tags) query.whereIn('id', db('image_tags').where({ tag }).select('imageId'));
  for (const [name, value] of Object.entries(request.properties))
    query.whereIn('id', db('image_properties').where({ name, value }).select('imageId'));
  filterVisible(query, db, caller, request);
  if (request.marker !== undefined) startAfter(query, await getMarker(db, caller, request.marker), request.sort);
  for (const { column, descending } of request.sort) query.orderBy(column, descending ? 'desc' : 'asc');
  return withPropertiesAndTags(db, (await query.limit(request.limit)) as ImageRow[]);
}

function filterVisible(
  query: Knex.QueryBuilder,
  db: Knex,
  caller: Caller,
  { visibility, memberStatus }: ListRequest,
): void {
  const { projectId } = caller;
  const isOwn = { owner: projectId ?? '' };
  if (visibility === undefined) query.where((or) => or.where(isOwn).orWhereNot({ visibility: 'community' }));
  else if (visibility !== 'all') query.where({ visibility });
  if (isAdmin(caller)) return;
  const shared = db('image_members').where({ memberId: projectId ?? '' });
  if (memberStatus !== 'all') shared.where({ status: memberStatus });
  query.where((or) =>
    or
      .where(isOwn)
      .orWhereIn('visibility', ['public', 'community'])
      .orWhere((both) => both.where({ visibility: 'shared' }).whereIn('id', shared.select('imageId'))),
  );
}

/** Finds deleted images, too. An invisible image gets the same error as a missing one. */
async function getMarker(db: Knex, caller: Caller, id: string): Promise<ImageRow> {
  const marker = (await db<ImageRow>('images').where({ id }).first()) as ImageRow | undefined;
  if (!marker || !(await isVisible(db, caller, marker))) throw badRequest(`No image found with ID ${id}`);
  return marker;
}

/** Restricts to rows after the marker: equal in the first sort keys, greater in the next. Both databases sort null first. */
function startAfter(query: Knex.QueryBuilder, marker: ImageRow, sort: ListRequest['sort']): void {
  query.where((either) => {
    for (const [depth, { column, descending }] of sort.entries()) {
      const value = marker[column as keyof ImageRow];
      if (descending && value === null) continue; // null sorts last then
      either.orWhere((all) => {
        for (const { column: before } of sort.slice(0, depth)) all.where(before, marker[before as keyof ImageRow]);
        if (value === null) all.whereNotNull(column);
        else if (!descending) all.where(column, '>', value);
        else all.where((behind) => behind.where(column, '<', value).orWhereNull(column));
      });
    }
  });
}
