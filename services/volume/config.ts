/** The settings of the volume service. */
import { apiSettings } from '#shared/config/cloud.ts';
import { number, text, type ValuesOf } from '#shared/config/settings.ts';

export const section = {
  ...apiSettings,
  listen: text('8776', 'where the API answers'),
  database: text('', 'where its rows are; empty: as section cloud says'),
  zone: text('nova', 'the availability zone of volumes'),
  limit: number(20, 'how many tasks run side by side'),
  leaseMs: number(15_000, 'how long others leave the tasks of a process that fell silent'),
  backoffMs: number(500, 'the first pause after a passing error'),
  pollMs: number(2_000, 'how often to look for tasks and answers when no hint comes'),
  answerMs: number(
    45_000,
    'how long a storage host may take for a piece of work without copying; callers wait a minute',
  ),
  copyMs: number(3_600_000, 'how long a storage host may take to copy or convert a disk'),
  awayMs: number(90_000, 'a storage host that was silent for so long is down'),
  overcommit: number(20, 'how many times its size a thin pool may be promised'),
  keepWorkMs: number(3_600_000, 'how long finished work of hosts is kept'),
  historyMs: number(30 * 24 * 3_600_000, 'how long messages to users are kept'),
};

export type Config = ValuesOf<typeof section>;
