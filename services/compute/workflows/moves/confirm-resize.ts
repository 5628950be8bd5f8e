import type { Knex } from 'knex';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import type { Compute } from '../../context.ts';
import { endAction } from '../../instance-actions/store.ts';
import { changeMigration } from '../../server-migrations/store.ts';
import { getOwnedServer, releaseServer } from '../../servers/store.ts';
import { acquireGuestLock, owned } from '../guest.ts';
import { backUpDisks, movingOf, type OnMigration, removeFrom } from './on-migration.ts';

/** From VERIFY_RESIZE to ACTIVE or SHUTOFF: removes what the source host has. */
export const confirmResize = workflow<OnMigration, Compute>({
  name: 'confirm-resize',
  deadlineMs: 30 * 60_000,
  steps: [
    step('remove-source', removeSource),
    step('release-source', ({ placement }, { migrationId }) => placement.deallocate(migrationId)),
  ],
  done: becomeConfirmed,
  failed: async (tx, on, run, reason) => {
    await releaseServer(tx, owned(on, run), {});
    await changeMigration(tx, on.migrationId, { status: 'finished' });
    await endAction(tx, run, reason);
  },
});

/** A host that is down removes it when it returns. */
async function removeSource(compute: Compute, on: OnMigration, run: Run): Promise<void> {
  await acquireGuestLock(compute, on.serverId, run);
  const moving = await movingOf(compute, on, run);
  if (moving.stays) await backUpDisks(compute, moving, 'gone', run);
  else await removeFrom(compute, moving.server, moving.source, run);
}

async function becomeConfirmed(tx: Knex, on: OnMigration, run: Run): Promise<void> {
  const { flavor, powerState } = await getOwnedServer(tx, owned(on, run));
  await changeMigration(tx, on.migrationId, { status: 'confirmed', cleaned: true });
  await releaseServer(tx, owned(on, run), {
    vmState: powerState === 'running' ? 'active' : 'stopped',
    vcpus: flavor.vcpus,
    ramMb: flavor.ramMb,
    fault: null,
  });
  await endAction(tx, run);
}
