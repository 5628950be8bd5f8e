/** The list of volume types. */
import { atLeast } from '#shared/api/versions.ts';
import { isAdmin } from '#shared/auth/caller.ts';
import { type Handler, ok } from '#shared/http/route.ts';
import type { Volumes } from '../context.ts';
import { hasAll, type Listing, pageOf, textFilters } from '../listing/page.ts';
import { dictionaryOf, isTrue } from '../listing/values.ts';
import { typeView, type VolumeType } from './resource.ts';
import * as store from './store.ts';

const listing: Listing<VolumeType> = {
  collection: 'volume_types',
  what: 'Volume type',
  filters: {
    ...textFilters<VolumeType>('name', ({ name }) => name),
    extra_specs: ({ extraSpecs }, value) => hasAll(extraSpecs, dictionaryOf(value)),
  },
  sortKeys: { created_at: ({ createdAt }) => createdAt, name: ({ name }) => name },
};

export const listTypes: Handler<Volumes> = async ({ db }, call) => {
  const { caller, query, version } = call;
  const types = (await store.listTypes(db, caller)).filter(({ isPublic }) =>
    isWanted(isPublic, query.is_public, caller),
  );
  const { extra_specs, ...before } = query;
  const asked = atLeast(version, '3.52') && extra_specs ? { ...before, extra_specs } : before;
  const page = pageOf(listing, types, Object.create(call, { query: { value: asked } }));
  return ok({ volume_types: page.rows.map((type) => typeView(type, call)), ...page.beside });
};

/** An administrator sees public ones unless he asks for others, or for all with none. */
function isWanted(isPublic: boolean, asked: string | undefined, caller: Parameters<typeof isAdmin>[0]): boolean {
  if (!isAdmin(caller)) return true;
  if (asked === undefined) return isPublic;
  return /^none$/i.test(asked) || isPublic === isTrue(asked);
}
