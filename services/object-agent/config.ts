import { flag, number, text } from '#shared/config/settings.ts';

export const section = {
  listen: text(
    '6210',
    'which devices of the ring are ours: those with this address; listens there unless all is one process',
  ),
  devices: text('', 'the directory below which each device has its own; empty: var/object-agent'),
  mountCheck: flag(false, 'a device that is not a mount point is away: for real disks'),
  reserveMb: number(32, 'what a write must leave free on a device'),
  reclaimHours: number(168, 'how long the memory of what was deleted is kept; no device may be away for longer'),
  replicateMs: number(30_000, 'how often replicas are compared'),
  rehashMs: number(
    5 * 60_000,
    'how often the comparison looks at the disks themselves again; seldomer when that takes long',
  ),
  auditMs: number(60_000, 'how often the auditor takes its next step'),
  auditMb: number(16, 'how much the auditor reads of a device in a step'),
  auditPassMs: number(
    3_600_000,
    'how soon after it began the auditor may begin anew; it removes what has expired, too',
  ),
  reportMs: number(1_000, 'how long a container waits to tell its account that its counters changed'),
};
