import { conflict, Fault } from '#shared/errors/fault.ts';
import { noContent } from '#shared/http/route.ts';
import { metadata } from '#shared/resource/metadata.ts';
import type { Compute } from '../context.ts';
import { computeQuotas } from '../quotas/operations.ts';
import { serverOf, unlockedServer } from './find.ts';
import { checkMetadata } from './launch.ts';
import { changeServer, lockServer } from './store.ts';

const rule = 'os_compute_api:server-metadata';

export const serverMetadata = metadata<Compute>({
  path: '/v2.1/servers/:id/metadata',
  rules: {
    list: `${rule}:index`,
    add: `${rule}:create`,
    replace: `${rule}:update_all`,
    show: `${rule}:show`,
    set: `${rule}:update`,
    remove: `${rule}:delete`,
  },
  removed: noContent(),
  missing: () => new Fault(404, 'notFound', 'Metadata item was not found'),
  read: async (compute, call) => (await serverOf(compute, call)).metadata,
  change: ({ db, config }, call, change) =>
    db.transaction(async (tx) => {
      const { id } = call.params;
      await lockServer(tx, id);
      const server = await unlockedServer({ db: tx }, call);
      if (server.vmState === 'building' || server.vmState === 'error')
        throw conflict(`Cannot 'update_instance_metadata' instance ${id} while it is in vm_state ${server.vmState}`);
      const after = change(server.metadata);
      checkMetadata(after, await computeQuotas.limits({ db: tx, config }, server.projectId));
      await changeServer(tx, id, { metadata: after });
      return after;
    }),
});
