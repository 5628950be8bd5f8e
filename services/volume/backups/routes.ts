import { accepted, created, type Handler, ok, type Route } from '#shared/http/route.ts';
import { actionsOn, type Finding } from '#shared/resource/actions.ts';
import { plainRoutes } from '#shared/resource/routes.ts';
import type { Volumes } from '../context.ts';
import { listPage } from '../listing/query.ts';
import { listedBy, permitted } from '../listing/scope.ts';
import { createBackup } from './create.ts';
import { deleteBackup, type RestoreInput, resetBackup, restoreBackup, updateBackup } from './operations.ts';
import { type BackupRecord, exportBackup, importBackup } from './records.ts';
import { type Backup, backup, backupInput, backupSummary, backupView } from './resource.ts';
import { getBackup, listParents } from './store.ts';

const path = '/backups';
const one = `${path}/:id`;
const find = async ({ db }: Volumes, call: Finding) =>
  permitted(call, await getBackup(db, call.caller, call.params.id));

async function enrich({ db }: Volumes, _: unknown, rows: readonly Backup[]) {
  const ids = rows.map(({ id }) => id);
  const parents = await listParents(db, ids);
  return rows.map((row) => ({ ...row, hasDependents: parents.has(row.id) }));
}

const restore: Handler<Volumes, { restore: RestoreInput }, 'id'> = async (service, call) => {
  const row = await find(service, call);
  const { id, name } = await restoreBackup(service, call.caller, row, call.body.restore);
  return accepted({ restore: { backup_id: row.id, volume_id: id, volume_name: name } });
};

const exportRecord: Handler<Volumes, unknown, 'id'> = async (service, call) =>
  ok({ 'backup-record': exportBackup(await find(service, call)) });

const importRecord: Handler<Volumes, { 'backup-record': BackupRecord }> = async (service, call) => {
  const row = await importBackup(service, call.caller, call.body['backup-record']);
  return created({ backup: backupSummary(row, call) });
};

const act = actionsOn(`${one}/action`, find);
const admin = 'volume_extension:backup_admin_actions';

export const backupRoutes: Route<Volumes>[] = [
  { method: 'post', path: `${path}/import_record`, handler: importRecord, rule: 'backup:backup-import' },
  ...plainRoutes<Volumes, Backup, typeof backupInput>({
    one: 'backup',
    many: 'backups',
    path,
    attributes: backupInput,
    rules: {
      list: 'backup:get_all',
      show: 'backup:get',
      create: 'backup:create',
      update: 'backup:update',
      remove: 'backup:delete',
    },
    updateSince: '3.9',
    page: ({ db }, call) => listPage(db, backup, listedBy(call, 'backup:get_all'), call),
    find,
    enrich,
    view: backupView,
    brief: backupSummary,
    written: backupSummary,
    create: (service, input, { caller }) => createBackup(service, caller, input),
    created: accepted,
    update: updateBackup,
    remove: (service, row, { caller }) => deleteBackup(service, caller, row, false),
  }),
  { method: 'post', path: `${one}/restore`, handler: restore, rule: 'backup:restore' },
  { method: 'get', path: `${one}/export_record`, handler: exportRecord, rule: 'backup:export-import' },
  act('os-reset_status', `${admin}:reset_status`, resetBackup),
  act('os-force_delete', `${admin}:force_delete`, (service, row, _, { caller }) =>
    deleteBackup(service, caller, row, true),
  ),
];
