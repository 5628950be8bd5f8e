/** The settings of this service. */
import { apiSettings } from '#shared/config/cloud.ts';
import { flag, list, number, oneOf, text, type ValuesOf } from '#shared/config/settings.ts';
import { presenceSettings } from '#shared/hosts/presence.ts';

export const section = {
  ...apiSettings,
  listen: text('8774', 'port, or address:port, of the API'),
  database: text('', 'URL of its database; empty: as set in section cloud'),
  leaseMs: number(15_000, 'lease of a task; another process takes it over this long after its owner stopped renewing'),
  backoffMs: number(500, 'delay before the first retry after a transient error; doubled for each further one'),
  limit: number(64, 'maximum number of tasks that run concurrently'),
  pollMs: number(2_000, 'poll interval for tasks and results of hosts, in case a notification is lost'),
  answerMs: number(180_000, 'timeout of one operation on a host'),
  copyMs: number(3_600_000, 'timeout of an operation that copies whole disks: first boot, snapshot'),
  portMs: number(60_000, 'timeout for a port to become ACTIVE'),
  volumeMs: number(300_000, 'timeout for a new volume to become available'),
  ...presenceSettings,
  reclaimMs: number(0, 'how long a deleted server can be restored; with 0 a delete is final at once (default of Nova)'),
  offloadMs: number(
    0,
    'how long a shelved server stays on its host; -1: until it is offloaded by request (default of Nova: 0)',
  ),
  shutdownMs: number(60_000, 'timeout of a graceful shutdown; then the guest is powered off'),
  cpuRatio: number(4, 'allocation ratio of virtual CPUs to CPUs of a host (default of Nova)'),
  ramRatio: number(1, 'allocation ratio of memory (default of Nova)'),
  diskRatio: number(1, 'allocation ratio of disk (default of Nova)'),
  resizeToSameHost: flag(true, 'a resize may stay on its host; Nova unless told: false'),
  confirmResizeMs: number(0, 'time after which a resize is confirmed by itself; 0: only by its owner'),
  fencing: oneOf(
    ['none', 'storage', 'ipmi'],
    'none',
    'how a lost host is stopped before servers with ha: true start elsewhere; none: they do not; storage: it refuses the old host; ipmi: the host is powered off',
  ),
  ipmiHosts: list([], 'baseboard controllers: host=address, for each host'),
  ipmiUser: text('admin', 'user of the baseboard controllers'),
  ipmiPasswordFile: text('/etc/wattle/ipmi-password', 'file with the password of that user'),
  reservedRamMb: number(512, 'memory of each host that is not for guests (default of Nova)'),
  reservedDiskGb: number(2, 'disk of each host that is not for guests: databases, logs and the image cache share it'),
  refreshMs: number(60_000, 'interval for reading addresses of servers from network when no event arrives'),
  keepWorkMs: number(3_600_000, 'retention of finished host operations'),
  keepDeletedDays: number(30, 'retention of deleted servers and their actions'),
  consoleListen: text('6080', 'port, or address:port, of the console page'),
  consoleUrl: text('', 'URL of the console page for browsers; empty: port 6080 of publicAddress'),
  consoleMs: number(600_000, 'lifetime of an unused console URL'),
  consolesPerServer: number(10, 'maximum number of open consoles of a server, and of its unused console URLs'),
  instances: number(10, 'quota of servers of a project'),
  cores: number(20, 'quota of virtual CPUs of a project'),
  ramMb: number(51_200, 'quota of memory of a project'),
  keyPairs: number(100, 'quota of key pairs of a user'),
  metadataItems: number(128, 'quota of metadata items of a server'),
  serverGroups: number(10, 'quota of server groups of a project'),
  serverGroupMembers: number(10, 'quota of servers of a server group'),
};

export type Config = ValuesOf<typeof section>;
