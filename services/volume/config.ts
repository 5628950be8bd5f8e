/** The settings of the volume service. */
import { apiSettings } from '#shared/config/cloud.ts';
import { number, text, type ValuesOf } from '#shared/config/settings.ts';
import { presenceSettings } from '#shared/hosts/presence.ts';

export const section = {
  ...apiSettings,
  listen: text('8776', 'port, or address:port, of the API'),
  database: text('', 'URL of its database; empty: as set in section cloud'),
  zone: text('nova', 'availability zone of volumes'),
  limit: number(20, 'maximum number of tasks that run concurrently'),
  leaseMs: number(15_000, 'lease of a task; another process takes it over this long after its owner stopped renewing'),
  backoffMs: number(500, 'delay before the first retry after a transient error; doubled for each further one'),
  pollMs: number(2_000, 'poll interval for tasks and results of hosts, in case a notification is lost'),
  answerMs: number(
    45_000,
    'timeout of an operation on a storage host that copies nothing; clients time out after a minute',
  ),
  copyMs: number(3_600_000, 'timeout of an operation that copies or converts a disk'),
  ...presenceSettings,
  overcommit: number(20, 'overcommit ratio of a thin pool (max_over_subscription_ratio)'),
  keepWorkMs: number(3_600_000, 'retention of finished host operations'),
  historyMs: number(30 * 24 * 3_600_000, 'retention of user messages'),
};

export type Config = ValuesOf<typeof section>;
