import { atLeast } from '#shared/api/versions.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { accepted, type Call, type Handler, ok } from '#shared/http/route.ts';
import type { Volumes } from '../context.ts';
import { dictionaryOf, hasAll, isTrue, type Listing, pageOf, textFilters } from '../listing/page.ts';
import { listedProject } from '../listing/scope.ts';
import { trimmed } from '../volumes/create.ts';
import {
  createSnapshot as create,
  deleteSnapshot as remove,
  resetSnapshot,
  type SnapshotWish,
  tellSnapshot,
} from './operations.ts';
import { changeSnapshot, findSnapshot, listSnapshots, type Snapshot } from './store.ts';
import { snapshotSummary, snapshotView } from './view.ts';

type CreateBody = { readonly snapshot: SnapshotWish & { readonly force?: boolean | string | null } };

/** From 3.66 a volume in use needs no force, and saying that there is none is a mistake. */
export const createSnapshot: Handler<Volumes, CreateBody> = async (service, { who, body, version }) => {
  const { force, ...wish } = body.snapshot;
  const needsNone = atLeast(version, '3.66');
  if (needsNone && force !== undefined && force !== null && !isTrue(force))
    throw badRequest(
      `Invalid value '${force}' for force. It is invalid to pass 'force' as 'false' from microversion 3.66 on.`,
    );
  const snapshot = await create(service, who, wish, needsNone || isTrue(force ?? false));
  return accepted({ snapshot: snapshotSummary(snapshot, version) });
};

export const showSnapshot: Handler<Volumes> = async ({ db }, { who, params, version }) =>
  ok({ snapshot: snapshotView(await findSnapshot(db, who, params.id ?? ''), version) });

export const updateSnapshot: Handler<Volumes, { snapshot: Omit<SnapshotWish, 'volume_id'> }> = async (
  { db },
  { who, params, body, version },
) => {
  const { id } = await findSnapshot(db, who, params.id ?? '');
  const { display_name, display_description, ...wish } = body.snapshot;
  const { name = display_name, description = display_description } = wish;
  await changeSnapshot(db, id, {
    ...(name === undefined ? {} : { name: trimmed(name) }),
    ...(description === undefined ? {} : { description: trimmed(description) }),
  });
  return ok({ snapshot: snapshotSummary(await findSnapshot(db, who, id), version) });
};

export const deleteSnapshot: Handler<Volumes> = async (service, { who, params }) => {
  await remove(service, who, params.id ?? '', false);
  return accepted();
};

export const forceDeleteSnapshot: Handler<Volumes> = async (service, { who, params }) => {
  await remove(service, who, params.id ?? '', true);
  return accepted();
};

export const resetSnapshotStatus: Handler<Volumes, { 'os-reset_status': { status: string } }> = async (
  service,
  { who, params, body },
) => {
  await resetSnapshot(service, who, params.id ?? '', body['os-reset_status'].status);
  return accepted();
};

type Progress = { readonly 'os-update_snapshot_status': { readonly status: string; readonly progress?: string } };

export const updateSnapshotStatus: Handler<Volumes, Progress> = async (service, { who, params, body }) => {
  await tellSnapshot(service, who, params.id ?? '', body['os-update_snapshot_status']);
  return accepted();
};

export const listing: Listing<Snapshot> = {
  collection: 'snapshots',
  what: 'Snapshot',
  filters: {
    ...textFilters<Snapshot>('name', ({ name }) => name),
    ...textFilters<Snapshot>('display_name', ({ name }) => name),
    ...textFilters<Snapshot>('status', ({ status }) => status),
    ...textFilters<Snapshot>('volume_id', ({ volumeId }) => volumeId),
    id: ({ id }, value) => id === value,
    user_id: ({ userId }, value) => userId === value,
    host: ({ host }, value) => host === value.split('@')[0],
    group_snapshot_id: () => false, // no snapshot is of a group
    consumes_quota: (_snapshot, value) => isTrue(value),
    metadata: ({ metadata }, value) => hasAll(metadata, dictionaryOf(value)),
  },
  adminFilters: ['host'],
  sortKeys: {
    created_at: ({ createdAt }) => createdAt,
    updated_at: ({ updatedAt }) => updatedAt,
    name: ({ name }) => name,
    display_name: ({ name }) => name,
    status: ({ status }) => status,
    volume_id: ({ volumeId }) => volumeId,
  },
};

const list =
  (view: (snapshot: Snapshot, version: Call['version']) => unknown): Handler<Volumes> =>
  async ({ db }, call) => {
    const page = pageOf(listing, await listSnapshots(db, listedProject(call.who, call.query)), call);
    return ok({ snapshots: page.rows.map((row) => view(row, call.version)), ...page.beside });
  };
export const listSnapshotSummaries = list(snapshotSummary);
export const listSnapshotDetails = list(snapshotView);
