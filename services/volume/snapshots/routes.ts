import { atLeast } from '#shared/api/versions.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { accepted, type Call, type Route } from '#shared/http/route.ts';
import { actionsOn, type Finding } from '#shared/resource/actions.ts';
import { plainRoutes } from '#shared/resource/routes.ts';
import { viewOf } from '#shared/resource/view.ts';
import type { Volumes } from '../context.ts';
import { listPage } from '../listing/query.ts';
import { listedBy, permitted } from '../listing/scope.ts';
import { createSnapshot, deleteSnapshot, reportSnapshot, resetSnapshot, unmanageSnapshot } from './operations.ts';
import { type Snapshot, snapshot, snapshotInput, snapshotRows, summary } from './resource.ts';
import { getSnapshot } from './store.ts';

const find = async ({ db }: Volumes, call: Finding) =>
  permitted(call, await getSnapshot(db, call.caller, call.params.id));

/** From 3.66 a volume in use needs no `force`, and `force: false` is refused. */
function mayCopyInUse(force: boolean | null, { version }: Pick<Call, 'version'>): boolean {
  if (!atLeast(version, '3.66')) return force === true;
  if (force === false)
    throw badRequest(
      `Invalid value 'false' for force. It is invalid to pass 'force' as 'false' from microversion 3.66 on.`,
    );
  return true;
}

const summaryView = viewOf(summary);
const act = actionsOn('/snapshots/:id/action', find);

export const snapshotRoutes: Route<Volumes>[] = [
  ...plainRoutes<Volumes, Snapshot, typeof snapshotInput>({
    one: 'snapshot',
    many: 'snapshots',
    path: '/snapshots',
    attributes: snapshotInput,
    rules: {
      list: 'volume:get_all_snapshots',
      show: 'volume:get_snapshot',
      create: 'volume:create_snapshot',
      update: 'volume:update_snapshot',
      remove: 'volume:delete_snapshot',
    },
    page: ({ db }, call) => listPage(db, snapshot, listedBy(call, 'volume:get_all_snapshots'), call),
    find,
    view: viewOf(snapshot.attributes),
    brief: summaryView,
    written: summaryView,
    create: (service, input, call) => createSnapshot(service, call.caller, input, mayCopyInUse(input.force, call)),
    created: accepted,
    update: async ({ db }, { id }, change) => {
      await snapshotRows.update(db, { id }, change);
      return snapshotRows.expect(db, { id });
    },
    remove: (service, row, { caller }) => deleteSnapshot(service, caller, row, false),
  }),
  act('os-reset_status', 'volume_extension:snapshot_admin_actions:reset_status', resetSnapshot),
  act('os-force_delete', 'volume_extension:snapshot_admin_actions:force_delete', (service, row, _, { caller }) =>
    deleteSnapshot(service, caller, row, true),
  ),
  act('os-unmanage', 'snapshot_extension:snapshot_unmanage', (service, row, _, { caller }) =>
    unmanageSnapshot(service, row, caller),
  ),
  act('os-update_snapshot_status', 'snapshot_extension:snapshot_actions:update_snapshot_status', reportSnapshot),
];
