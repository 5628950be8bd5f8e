/** The settings of this service. */
import { apiSettings } from '#shared/config/cloud.ts';
import { list, number, text, type ValuesOf } from '#shared/config/settings.ts';

export const section = {
  ...apiSettings,
  listen: text('9292', 'where the API answers'),
  database: text('', 'where its rows are; empty: as section cloud says'),
  directory: text('', 'where the bytes of images are; empty: image below var'),
  largestGb: number(1024, 'no image may be larger (the default of Glance)'),
  reserveMb: number(1_024, 'what uploads leave free on the disk of images, but never more than a twentieth of it'),
  storageGb: number(0, 'quota of bytes of a project, also of those on their way; 0: as much as there is'),
  imageCount: number(1_000, 'how many images a project may have, with bytes or without; 0: as many as it likes'),
  uploadCount: number(
    100,
    'how many images of a project may be getting their bytes at one time; 0: as many as it likes',
  ),
  diskFormats: list(
    ['ami', 'ari', 'aki', 'vhd', 'vhdx', 'vmdk', 'raw', 'qcow2', 'vdi', 'iso', 'ploop'],
    'disk formats that an image may declare',
  ),
  containerFormats: list(
    ['ami', 'ari', 'aki', 'bare', 'ovf', 'ova', 'docker', 'compressed'],
    'container formats that an image may declare',
  ),
  properties: number(128, 'how many properties an image may have'),
  tags: number(128, 'how many tags an image may have'),
  members: number(128, 'how many projects an image may be shared with'),
  leaseMs: number(30_000, 'an upload that says nothing for this long has died'),
  sweepMs: number(20_000, 'how often uploads that died and files of nobody are looked for'),
  keepDeletedDays: number(30, 'how long the id of a deleted image is remembered'),
};

export type Config = ValuesOf<typeof section>;
