import { flag, number, text } from '#shared/config/settings.ts';

export const section = {
  listen: text(
    '6210',
    'port, or address:port, of this agent in the ring; serves the devices of that address, and listens there unless the cloud is one process',
  ),
  devices: text('', 'directory with one subdirectory per device; empty: object-agent below var'),
  mountCheck: flag(false, 'treat a device that is not a mount point as failed; for real disks'),
  reserveMb: number(32, 'disk space that a write leaves free on a device'),
  reclaimHours: number(168, 'retention of tombstones; a device that is away for longer brings deleted objects back'),
  replicateMs: number(30_000, 'interval of replication'),
  repairMbPerS: number(0, 'MiB that replication sends per second from this host; 0: no limit'),
  rehashMs: number(5 * 60_000, 'interval for recomputing hashes from the disks; longer when that takes long'),
  auditMs: number(60_000, 'interval between steps of the auditor'),
  auditMb: number(16, 'MiB that the auditor reads of a device per step'),
  auditPassMs: number(
    3_600_000,
    'minimum time between the starts of two passes of the auditor, which also removes expired objects',
  ),
  reportMs: number(1_000, 'delay before a container reports changed counters to its account'),
};
