import { badRequest } from '#shared/errors/fault.ts';
import { accepted, type Call, type Handler, ok, type Route } from '#shared/http/route.ts';
import { viewOf } from '#shared/resource/view.ts';
import type { Volumes } from '../context.ts';
import { dictionaryOf, isSet, limitOf, numberOf } from '../listing/values.ts';
import { summary } from '../snapshots/resource.ts';
import { typeNames } from '../types/store.ts';
import { createdView, withView } from '../volumes/view.ts';
import { type Kind, listUnmanaged, poolAt } from './find.ts';
import { type ManageSnapshot, type ManageVolume, manageSnapshot, manageVolume } from './operations.ts';

interface Item {
  readonly name: string;
  readonly size: number;
  readonly reason: string | null;
}

const summaryOf = (kind: Kind, { name, size, reason }: Item) => ({
  reference: { 'source-name': name },
  size,
  safe_to_manage: reason === null,
  ...(kind === 'snapshot' ? { source_reference: null } : {}),
});
const detailOf = (kind: Kind, item: Item) => ({
  ...summaryOf(kind, item),
  reason_not_safe: item.reason,
  cinder_id: null,
  extra_info: null,
});

const list =
  (kind: Kind, view: typeof summaryOf): Handler<Volumes> =>
  async (service, { query }) => {
    const found = await listUnmanaged(service, await poolAt(service, query.host));
    const items = found
      .filter(({ kinds }) => kinds.includes(kind))
      .map(({ name, sizeBytes, reasonNotSafe: reason }) => ({ name, size: Math.ceil(sizeBytes / 2 ** 30), reason }));
    return ok({ [`manageable-${kind}s`]: pageOf(items, query).map((item) => view(kind, item)) });
  };

/** By reference, unless `sort` says size, and descending unless it says asc; a marker is the last reference of the page before. */
function pageOf(items: readonly Item[], query: Call['query']): readonly Item[] {
  const [key = 'reference', direction = 'desc'] = isSet(query.sort) ? query.sort.split(':') : [];
  if (key !== 'reference' && key !== 'size') throw badRequest(`Invalid sort keys passed: ${key}`);
  if (direction !== 'asc' && direction !== 'desc') throw badRequest(`Invalid sort dirs passed: ${direction}`);
  const byName = (one: Item, other: Item) => (one.name < other.name ? -1 : 1);
  const ascending = items.toSorted((one, other) => (key === 'size' ? one.size - other.size : 0) || byName(one, other));
  const sorted = direction === 'asc' ? ascending : ascending.toReversed();
  const marker = isSet(query.marker) ? dictionaryOf(query.marker)['source-name'] : undefined;
  const after = marker === undefined ? 0 : sorted.findIndex(({ name }) => name === marker) + 1;
  if (marker !== undefined && after === 0) throw badRequest(`marker not found: ${marker}`);
  const first = after + numberOf(query.offset, 0, { name: 'offset', least: '>= 0' });
  return sorted.slice(first, first + limitOf(query));
}

const createVolume: Handler<Volumes, { volume: ManageVolume }> = async (service, call) => {
  const row = await manageVolume(service, call.caller, call.body.volume);
  const name = (await typeNames(service.db)).get(row.typeId) ?? '';
  return accepted({ volume: createdView(withView(row, name, []), call) });
};

const snapshotView = viewOf(summary);
const createSnapshot: Handler<Volumes, { snapshot: ManageSnapshot }> = async (service, call) => {
  const row = await manageSnapshot(service, call.caller, call.body.snapshot);
  return accepted({ snapshot: snapshotView(row, call) });
};

/** The same by their names before 3.8, and since. */
const both = (path: string, former: string, routes: (path: string) => Route<Volumes>[]): Route<Volumes>[] => [
  ...routes(former),
  ...routes(path).map((route) => ({ ...route, since: '3.8' as const })),
];

export const manageableRoutes: Route<Volumes>[] = [
  ...both('/manageable_volumes', '/os-volume-manage', (path) => [
    {
      method: 'get',
      path: `${path}/detail`,
      handler: list('volume', detailOf),
      rule: 'volume_extension:list_manageable',
    },
    { method: 'get', path, handler: list('volume', summaryOf), rule: 'volume_extension:list_manageable' },
    { method: 'post', path, handler: createVolume, rule: 'volume_extension:volume_manage' },
  ]),
  ...both('/manageable_snapshots', '/os-snapshot-manage', (path) => [
    {
      method: 'get',
      path: `${path}/detail`,
      handler: list('snapshot', detailOf),
      rule: 'snapshot_extension:list_manageable',
    },
    { method: 'get', path, handler: list('snapshot', summaryOf), rule: 'snapshot_extension:list_manageable' },
    { method: 'post', path, handler: createSnapshot, rule: 'snapshot_extension:snapshot_manage' },
  ]),
];
