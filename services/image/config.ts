/** The settings of this service. */
import { apiSettings } from '#shared/config/cloud.ts';
import { list, number, text, type ValuesOf } from '#shared/config/settings.ts';

export const section = {
  ...apiSettings,
  listen: text('9292', 'port, or address:port, of the API'),
  database: text('', 'URL of its database; empty: as set in section cloud'),
  stores: list(
    ['file'],
    'stores of image data, the first one for new images. file: a directory; object-store: the ring, which all controllers reach',
  ),
  directory: text('', 'directory of the store file; empty: image below var'),
  largestGb: number(1024, 'maximum size of an image (default of Glance)'),
  reserveMb: number(1_024, 'disk space that uploads leave free; at most 5 % of the disk'),
  storageGb: number(0, 'quota of image data per project, uploads in progress included; 0: no limit'),
  imageCount: number(1_000, 'quota of images per project, with data or without; 0: no limit'),
  uploadCount: number(100, 'quota of concurrent uploads and imports per project; 0: no limit'),
  diskFormats: list(
    ['ami', 'ari', 'aki', 'vhd', 'vhdx', 'vmdk', 'raw', 'qcow2', 'vdi', 'iso', 'ploop'],
    'disk formats that an image may declare',
  ),
  containerFormats: list(
    ['ami', 'ari', 'aki', 'bare', 'ovf', 'ova', 'docker', 'compressed'],
    'container formats that an image may declare',
  ),
  properties: number(128, 'maximum number of properties of an image'),
  tags: number(128, 'maximum number of tags of an image'),
  members: number(128, 'maximum number of members of an image'),
  importHosts: list([], 'hosts that web-download may fetch from; empty: all with public addresses'),
  importNetworks: list([], 'ranges of private addresses that web-download may fetch from, 10.1.0.0/16'),
  importPorts: list(['80', '443'], 'ports that web-download may fetch from'),
  leaseMs: number(30_000, 'lease of an upload; without renewal for this long it has failed'),
  sweepMs: number(20_000, 'interval for removing failed uploads and orphaned files'),
  copyLimit: number(4, 'number of images that a process copies between stores at a time'),
  pollMs: number(10_000, 'interval for tasks that other controllers have enqueued'),
  backoffMs: number(1_000, 'first pause before a failed step of a task is retried'),
  keepDeletedDays: number(30, 'days in which the id of a deleted image cannot be reused'),
};

export type Config = ValuesOf<typeof section>;
