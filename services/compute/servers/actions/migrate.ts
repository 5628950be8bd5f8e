import { atLeast } from '#shared/api/versions.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { booleanSchema } from '../../attributes.ts';
import { migrateLive as liveTo } from '../../server-migrations/migrate-live.ts';
import { migrate as migrateTo } from '../../server-migrations/resize.ts';
import { isTrue } from '../../values.ts';
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

interface LiveInput {
  readonly host: string | null;
  readonly block_migration: boolean | string;
  readonly disk_over_commit?: boolean | string;
  readonly force?: boolean | string;
}

/** From 2.25 on the server decides by itself whether disks are copied (`auto`). */
export const migrateLive = serverAction<LiveInput>({
  key: 'os-migrateLive',
  rule: 'os-migrate-server:migrate_live',
  input: {
    type: 'object',
    required: ['host', 'block_migration', 'disk_over_commit'],
    additionalProperties: false,
    properties: {
      host: { type: ['null', 'string'], minLength: 1, maxLength: 255 },
      block_migration: {
        anyOf: [booleanSchema, { const: 'auto', 'x-openstack': { 'min-ver': '2.25' } }],
      },
      disk_over_commit: { ...booleanSchema, 'x-openstack': { 'max-ver': '2.24' } },
      force: { ...booleanSchema, 'x-openstack': { 'min-ver': '2.30', 'max-ver': '2.67' } },
    },
  },
  act: async (compute, { caller, authorize }, server, { host, block_migration, force = false }) => {
    const target = { project_id: server.projectId, user_id: server.userId };
    if (host !== null) authorize('os_compute_api:os-migrate-server:migrate_live:host', target);
    if (isTrue(force) && host === null) throw badRequest("Can't force to a non-provided destination");
    const copyDisks = block_migration === 'auto' ? null : isTrue(block_migration);
    await liveTo(compute, caller, server, { wantedHost: host, copyDisks });
  },
});
