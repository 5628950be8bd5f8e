import { atLeast } from '#shared/api/versions.ts';
import { migrate as migrateTo } from '../../server-migrations/operations.ts';
import { serverAction } from '../action.ts';

/** From 2.56 on an administrator may name the host. */
export const migrate = serverAction<{ readonly host?: string | null } | null>({
  key: 'migrate',
  rule: 'os-migrate-server:migrate',
  input: {
    type: ['object', 'null'],
    additionalProperties: false,
    properties: {
      host: { type: ['string', 'null'], minLength: 1, maxLength: 255, 'x-openstack': { 'min-ver': '2.56' } },
    },
  },
  act: async (compute, { caller, version, authorize }, server, input) => {
    const host = (atLeast(version, '2.56') ? input?.host : null) ?? null;
    if (host !== null)
      authorize('os_compute_api:os-migrate-server:migrate:host', {
        project_id: server.projectId,
        user_id: server.userId,
      });
    await migrateTo(compute, caller, server, host);
  },
});
