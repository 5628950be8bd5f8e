/** The settings of the volume agent. */
import { join, resolve } from 'node:path';
import { type Cloud, listenAt } from '#shared/config/cloud.ts';
import { number, oneOf, text, type ValuesOf } from '#shared/config/settings.ts';

export const section = {
  driver: oneOf(['file', 'fake'], 'file', 'where volumes live'),
  pool: text('file', 'the name of the pool; part of the host an administrator sees: host@driver#pool'),
  directory: text('', 'where volumes and export records live; empty: volume-agent below var'),
  portal: text('3260', 'where initiators log in over iSCSI'),
  maxImageGb: number(200, 'an image larger than this is not fetched'),
  reserveMb: number(1_024, 'what copies and conversions leave free on the disk, but never more than a twentieth of it'),
  watchMs: number(2_000, 'how often to look whether tgtd is still there'),
  fakeGb: number(100_000, 'the size of a fake pool'),
};

export type Config = ValuesOf<typeof section>;

/** Absolute: tgtd is found again by where it works. */
export const directoryOf = (cloud: Cloud, config: Config): string =>
  resolve(config.directory || join(cloud.var, 'volume-agent'));

export function portalOf(cloud: Cloud, config: Config): string {
  const { host, port } = listenAt(cloud, config.portal);
  return `${host}:${port}`;
}
