import { longTime } from '#shared/api/times.ts';
import { since, view } from '#shared/api/versions.ts';
import type { MoveProgress } from '#shared/contracts/compute-agent.ts';
import { linksOf } from '../dialect.ts';
import { liveStatuses, type ServerMigration } from './store.ts';

interface MigrationViewInput {
  readonly migration: ServerMigration;
  /** The caller may see the hosts. */
  readonly hosts: boolean;
  readonly base: string;
  /** Of a live migration in progress. */
  readonly progress?: MoveProgress | null;
}

const hostsOf = ({ migration, hosts }: MigrationViewInput) => ({
  source_compute: hosts ? migration.sourceHost : null,
  source_node: hosts ? migration.sourceHost : null,
  dest_compute: hosts ? migration.destHost : null,
  dest_node: hosts ? migration.destHost : null,
  dest_host: hosts ? migration.destAddress : null,
});

const timesOf = ({ createdAt, updatedAt }: ServerMigration) => ({
  created_at: longTime(createdAt),
  updated_at: longTime(updatedAt),
});

const isLive = ({ type, status }: ServerMigration) => type === 'live-migration' && liveStatuses.includes(status);

/** In the list of all migrations. */
export const migrationView = view<MigrationViewInput>(
  since('2.1', (input) => {
    const { migration } = input;
    return {
      id: migration.sequence,
      instance_uuid: migration.serverId,
      status: migration.status,
      old_instance_type_id: migration.oldFlavorNumber,
      new_instance_type_id: migration.newFlavorNumber,
      ...hostsOf(input),
      ...timesOf(migration),
    };
  }),
  since('2.23', ({ migration, base }) => ({
    migration_type: migration.type,
    ...(isLive(migration)
      ? { links: linksOf(base, `servers/${migration.serverId}/migrations`, String(migration.sequence)) }
      : {}),
  })),
  since('2.59', ({ migration }) => ({ uuid: migration.id })),
  since('2.80', ({ migration }) => ({ user_id: migration.userId, project_id: migration.projectId })),
);

/** Of a live migration in progress, below its server. */
export const liveMigrationView = view<MigrationViewInput>(
  since('2.23', (input) => {
    const { migration, progress } = input;
    return {
      id: migration.sequence,
      server_uuid: migration.serverId,
      status: migration.status,
      memory_total_bytes: progress?.memoryTotal ?? 0,
      memory_processed_bytes: progress?.memoryProcessed ?? 0,
      memory_remaining_bytes: progress?.memoryRemaining ?? 0,
      disk_total_bytes: progress?.diskTotal ?? 0,
      disk_processed_bytes: progress?.diskProcessed ?? 0,
      disk_remaining_bytes: progress?.diskRemaining ?? 0,
      ...hostsOf(input),
      ...timesOf(migration),
    };
  }),
  since('2.59', ({ migration }) => ({ uuid: migration.id })),
  since('2.80', ({ migration }) => ({ user_id: migration.userId, project_id: migration.projectId })),
);
