/** The settings of this service. */
import { apiSettings } from '#shared/config/cloud.ts';
import { number, text, type ValuesOf } from '#shared/config/settings.ts';

export const section = {
  ...apiSettings,
  listen: text('8774', 'where the API answers'),
  database: text('', 'where its rows are; empty: as section cloud says'),
  leaseMs: number(15_000, 'how long others leave the tasks of a process that fell silent'),
  backoffMs: number(500, 'the first pause after a passing error; each further one is twice as long'),
  limit: number(64, 'how many tasks run side by side'),
  pollMs: number(2_000, 'how often to look for tasks and for answers of hosts when no hint comes'),
  answerMs: number(180_000, 'how long a host may take for one piece of work'),
  copyMs: number(3_600_000, 'how long it may take for one that moves whole disks: a first boot, a snapshot'),
  portMs: number(60_000, 'how long a port may take to become ACTIVE'),
  volumeMs: number(300_000, 'how long a new volume may take to become available'),
  hostDownMs: number(90_000, 'a host that reported nothing for this long is down'),
  shutdownMs: number(60_000, 'how long a guest may take to power off by itself before it is made to'),
  cpuRatio: number(4, 'how many virtual CPUs may be given per CPU of a host (the default of Nova)'),
  ramRatio: number(1, 'how much memory may be given per memory of a host (the default of Nova)'),
  diskRatio: number(1, 'how much disk may be given per disk of a host (the default of Nova)'),
  reservedRamMb: number(512, 'memory of each host that guests may not have (the default of Nova)'),
  reservedDiskGb: number(0, 'disk of each host that guests may not have'),
  refreshMs: number(60_000, 'how often addresses of servers are read from network without an event'),
  keepWorkMs: number(3_600_000, 'how long finished work of hosts is kept'),
  keepDeletedDays: number(30, 'how long deleted servers and their history are kept'),
  consoleListen: text('6080', 'where the console page answers'),
  consoleUrl: text('', 'where browsers find the console page; empty: port 6080 of the public address'),
  consoleMs: number(600_000, 'how long the URL of a console may wait for its use'),
  consolesPerServer: number(10, 'how many consoles of a server may be open, and how many more wait for their use'),
  instances: number(10, 'quota of servers of a project'),
  cores: number(20, 'quota of virtual CPUs of a project'),
  ramMb: number(51_200, 'quota of memory of a project'),
  keyPairs: number(100, 'quota of key pairs of a user'),
  metadataItems: number(128, 'quota of metadata items of a server'),
  serverGroups: number(10, 'quota of server groups of a project'),
  serverGroupMembers: number(10, 'quota of servers of a server group'),
};

export type Config = ValuesOf<typeof section>;
