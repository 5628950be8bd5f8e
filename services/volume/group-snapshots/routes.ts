import { accepted, type Route } from '#shared/http/route.ts';
import { actionsOn, type Finding } from '#shared/resource/actions.ts';
import { plainRoutes } from '#shared/resource/routes.ts';
import type { Volumes } from '../context.ts';
import { listPage } from '../listing/query.ts';
import { listedBy, permitted } from '../listing/scope.ts';
import { createGroupSnapshot, deleteGroupSnapshot, resetGroupSnapshot } from './operations.ts';
import { type GroupSnapshot, groupSnapshot, groupSnapshotSummary, groupSnapshotView } from './resource.ts';
import { getGroupSnapshot } from './store.ts';

const find = async ({ db }: Volumes, call: Finding) =>
  permitted(call, await getGroupSnapshot(db, call.caller, call.params.id));

const path = '/group_snapshots';
const act = actionsOn(`${path}/:id/action`, find);

export const groupSnapshotRoutes: Route<Volumes>[] = [
  ...plainRoutes<Volumes, GroupSnapshot, typeof groupSnapshot.attributes>({
    one: 'group_snapshot',
    many: 'group_snapshots',
    path,
    since: '3.14',
    attributes: groupSnapshot.attributes,
    rules: {
      list: 'group:get_all_group_snapshots',
      show: 'group:get_group_snapshot',
      create: 'group:create_group_snapshot',
      remove: 'group:delete_group_snapshot',
    },
    page: ({ db }, call) => listPage(db, groupSnapshot, listedBy(call, 'group:get_all_group_snapshots'), call),
    find,
    view: groupSnapshotView,
    brief: groupSnapshotSummary,
    written: groupSnapshotSummary,
    create: (service, input, { caller }) => createGroupSnapshot(service, caller, input),
    created: accepted,
    remove: (service, row, { caller }) => deleteGroupSnapshot(service, caller, row),
  }),
  { ...act('reset_status', 'group:reset_group_snapshot_status', resetGroupSnapshot), since: '3.19' },
];
