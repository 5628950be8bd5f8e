import { atLeast } from '#shared/api/versions.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { accepted, type Call, type Handler, ok } from '#shared/http/route.ts';
import type { Volumes } from '../context.ts';
import { constant, equal, type Listing, listPage, none, text } from '../listing/query.ts';
import { scopeOf } from '../listing/scope.ts';
import { isTrue } from '../listing/values.ts';
import { trimmed } from '../volumes/create.ts';
import {
  createSnapshot as create,
  deleteSnapshot as remove,
  reportSnapshot,
  resetSnapshot,
  type SnapshotInput,
} from './operations.ts';
import { changeSnapshot, getSnapshot, type Snapshot, snapshotOf } from './store.ts';
import { snapshotSummary, snapshotView } from './view.ts';

type CreateBody = { readonly snapshot: SnapshotInput & { readonly force?: boolean | string | null } };

/** From 3.66 a volume in use needs no `force`, and `force: false` is refused. */
export const createSnapshot: Handler<Volumes, CreateBody> = async (service, { caller, body, version }) => {
  const { force, ...input } = body.snapshot;
  const isForceImplied = atLeast(version, '3.66');
  if (isForceImplied && force !== undefined && force !== null && !isTrue(force))
    throw badRequest(
      `Invalid value '${force}' for force. It is invalid to pass 'force' as 'false' from microversion 3.66 on.`,
    );
  const snapshot = await create(service, caller, input, isForceImplied || isTrue(force ?? false));
  return accepted({ snapshot: snapshotSummary(snapshot, version) });
};

export const showSnapshot: Handler<Volumes, unknown, 'id'> = async ({ db }, { caller, params, version }) =>
  ok({ snapshot: snapshotView(await getSnapshot(db, caller, params.id), version) });

export const updateSnapshot: Handler<Volumes, { snapshot: Omit<SnapshotInput, 'volume_id'> }, 'id'> = async (
  { db },
  { caller, params, body, version },
) => {
  const { id } = await getSnapshot(db, caller, params.id);
  const { display_name, display_description, ...input } = body.snapshot;
  const { name = display_name, description = display_description } = input;
  await changeSnapshot(db, id, {
    ...(name === undefined ? {} : { name: trimmed(name) }),
    ...(description === undefined ? {} : { description: trimmed(description) }),
  });
  return ok({ snapshot: snapshotSummary(await getSnapshot(db, caller, id), version) });
};

export const deleteSnapshot: Handler<Volumes, unknown, 'id'> = async (service, { caller, params }) => {
  await remove(service, caller, params.id, false);
  return accepted();
};

export const forceDeleteSnapshot: Handler<Volumes, unknown, 'id'> = async (service, { caller, params }) => {
  await remove(service, caller, params.id, true);
  return accepted();
};

export const resetSnapshotStatus: Handler<Volumes, { 'os-reset_status': { status: string } }, 'id'> = async (
  service,
  { caller, params, body },
) => {
  await resetSnapshot(service, caller, params.id, body['os-reset_status'].status);
  return accepted();
};

type Progress = { readonly 'os-update_snapshot_status': { readonly status: string; readonly progress?: string } };

export const updateSnapshotStatus: Handler<Volumes, Progress, 'id'> = async (service, { caller, params, body }) => {
  await reportSnapshot(service, caller, params.id, body['os-update_snapshot_status']);
  return accepted();
};

export const listing: Listing = {
  table: 'snapshots',
  collection: 'snapshots',
  what: 'Snapshot',
  filters: {
    name: text('name'),
    display_name: text('name'),
    status: text('status'),
    volume_id: text('volumeId'),
    id: equal('id'),
    user_id: equal('userId'),
    host: (query, value) => void query.where('host', value.split('@')[0] ?? ''),
    group_snapshot_id: none, // no snapshot is of a group
    consumes_quota: constant(isTrue),
    metadata: { kind: 'pairs', column: 'metadata' },
  },
  adminFilters: ['host'],
  sortKeys: {
    created_at: 'createdAt',
    updated_at: 'updatedAt',
    name: 'name',
    display_name: 'name',
    status: 'status',
    volume_id: 'volumeId',
  },
};

const list =
  (view: (snapshot: Snapshot, version: Call['version']) => unknown): Handler<Volumes> =>
  async ({ db }, call) => {
    const { rows, extra } = await listPage(db, listing, scopeOf(call.caller, call.query), call, snapshotOf);
    return ok({ snapshots: rows.map((row) => view(row, call.version)), ...extra });
  };
export const listSnapshotSummaries = list(snapshotSummary);
export const listSnapshotDetails = list(snapshotView);
