/** The settings of the volume agent. */
import { join, resolve } from 'node:path';
import { type Cloud, listenAt } from '#shared/config/cloud.ts';
import { flag, number, oneOf, text, type ValuesOf } from '#shared/config/settings.ts';

export const section = {
  driver: oneOf(
    ['file', 'lvm', 'rbd', 'fake'],
    'file',
    'storage driver; file: files exported over iSCSI by tgtd; lvm: thin volumes, likewise; rbd: images of a Ceph cluster; fake: records volumes without data',
  ),
  pool: text(
    'file',
    'name of the pool, the last part of host@driver#pool; of drivers lvm and rbd that of the thin pool or Ceph pool',
  ),
  volumeGroup: text('', 'volume group of driver lvm, which has the thin pool'),
  cephConf: text('/etc/ceph/ceph.conf', 'configuration of driver rbd, which says where the keyring is'),
  cephUser: text('wattle-volume', 'cephx user of driver rbd, without client.'),
  balanceReads: flag(true, 'whether guests read from all replicas of an RBD image; false: from the first one'),
  purgeMs: number(30_000, 'interval for freeing the space of deleted RBD images'),
  directory: text('', 'directory of volumes and export records; empty: volume-agent below var'),
  portal: text('3260', 'port, or address:port, of the iSCSI portal'),
  maxImageGb: number(200, 'maximum size of an image that is downloaded'),
  imageCacheGb: number(
    0,
    'space of the pool for images that volumes were made of, so that the next volume is a copy; 0: none are kept',
  ),
  reserveMb: number(1_024, 'disk space that copies and conversions leave free; at most 5 % of the disk'),
  watchMs: number(2_000, 'interval for checking that tgtd runs'),
  backups: oneOf(
    ['object-store', 'directory', 'none'],
    'object-store',
    'where backups of volumes are stored; directory: the setting backupDirectory, which all storage hosts share',
  ),
  backupDirectory: text('', 'directory of backups; empty: backups below the directory of volumes'),
  fakeGb: number(100_000, 'size of a fake pool'),
};

export type Config = ValuesOf<typeof section>;

/** Absolute: a running tgtd is found by its working directory. */
export const directoryOf = (cloud: Cloud, config: Config): string =>
  resolve(config.directory || join(cloud.var, 'volume-agent'));

export function portalOf(cloud: Cloud, config: Config): string {
  const { host, port } = listenAt(cloud, config.portal);
  return `${host}:${port}`;
}
