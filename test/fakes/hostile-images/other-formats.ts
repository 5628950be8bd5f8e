import { dynamicVhd, fixedVhd, guids, iso, qcow2, sector, vdi, vhdx, vhdxPlaces, vmdk } from './builders.ts';
import type { Recipe } from './recipes.ts';

const bent = (image: Buffer, bend: (image: Buffer) => void): Buffer => {
  bend(image);
  return image;
};

const vhds: Readonly<Record<string, () => Buffer>> = {
  'a differencing disk': () => dynamicVhd({ head: 4 }),
  'its header alone has a parent': () => dynamicVhd({ head: 4, tail: 3 }),
  'its footer alone has a parent': () => dynamicVhd({ head: 3, tail: 4 }),
  'fixed at its end, dynamic at its head': () => dynamicVhd({ head: 3, tail: 2 }),
  'a fixed disk that has a parent': () => fixedVhd(4),
  'the id of a parent': () => bent(dynamicVhd(), (image) => image.fill(7, 512 + 40, 512 + 56)),
  'the name of a parent': () => bent(dynamicVhd(), (image) => image.write('/etc/passwd', 512 + 64, 'utf16le')),
  'a way to a parent': () => bent(dynamicVhd(), (image) => image.write('W2ku', 512 + 576, 'latin1')),
  'an eighth way to a parent': () => bent(dynamicVhd(), (image) => image.write('W2ku', 512 + 576 + 7 * 24, 'latin1')),
  'its tables are behind its end': () => bent(dynamicVhd(), (image) => image.writeBigUInt64BE(1n << 40n, 16)),
  'its tables are nowhere': () => bent(dynamicVhd(), (image) => image.writeBigUInt64BE((1n << 64n) - 1n, 16)),
  'no tables': () => bent(dynamicVhd(), (image) => image.fill(0, 512, 1536)),
  'no footer': () => dynamicVhd().subarray(0, -sector),
  'half a sector too long': () => Buffer.concat([dynamicVhd(), Buffer.alloc(256)]),
  'a kind nobody knows': () => fixedVhd(9),
};

const vhdxs: Readonly<Record<string, () => Buffer>> = {
  'a parent': () => vhdx({ parameters: 2 }),
  'a parent locator': () => vhdx({ items: [guids.parentLocator] }),
  'a parent and its locator': () => vhdx({ parameters: 3, items: [guids.parentLocator] }),
  'its parameters twice': () => vhdx({ items: [guids.fileParameters] }),
  'its size twice': () => vhdx({ items: [guids.diskSize] }),
  'no regions': () => bent(vhdx(), (image) => vhdxPlaces.regions.forEach((at) => void image.fill(0, at, at + 4))),
  'no metadata': () =>
    bent(vhdx(), (image) => vhdxPlaces.regions.forEach((at) => void image.fill(1, at + 16, at + 32))),
  'more regions than there can be': () =>
    bent(vhdx(), (image) => image.writeUInt32LE(0xffffffff, vhdxPlaces.regions[0] + 8)),
  'more items than there can be': () => bent(vhdx(), (image) => image.writeUInt16LE(0xffff, vhdxPlaces.metadata + 10)),
  'metadata behind its end': () =>
    bent(vhdx(), (image) => image.writeBigUInt64LE((1n << 53n) - 1n, vhdxPlaces.regions[1] + 32)),
  'metadata nowhere': () =>
    bent(vhdx(), (image) => image.writeBigUInt64LE((1n << 64n) - 1n, vhdxPlaces.regions[0] + 32)),
  'a second table with other metadata, which has a parent': () =>
    bent(Buffer.concat([vhdx(), vhdx({ parameters: 2 })]), (image) =>
      image.writeBigUInt64LE(BigInt(3 * 2 ** 20 + vhdxPlaces.metadata), vhdxPlaces.regions[1] + 32),
    ),
  'a region twice': () =>
    bent(vhdx(), (image) => {
      const [at] = vhdxPlaces.regions;
      image.writeUInt32LE(2, at + 8);
      image.copy(image, at + 48, at + 16, at + 48);
    }),
};

const vdis: Readonly<Record<string, () => Buffer>> = {
  'an undo of another': () => vdi({ type: 3 }),
  'a difference from another': () => vdi({ type: 4 }),
  'a kind nobody knows': () => vdi({ type: 0 }),
  'the id of a parent': () => bent(vdi(), (image) => image.fill(7, 0x1b8, 0x1c8)),
  'the id of a link': () => bent(vdi(), (image) => image.fill(7, 0x1a8, 0x1b8)),
  'another version': () => bent(vdi(), (image) => image.writeUInt32LE(0x20001, 0x44)),
};

const of = (format: string, recipes: Readonly<Record<string, () => Buffer>>): Recipe[] =>
  Object.entries(recipes).map(([name, bytes]) => ({ name: `${format}: ${name}`, format, bytes }));

export const others: readonly Recipe[] = [...of('vhd', vhds), ...of('vhdx', vhdxs), ...of('vdi', vdis)];

const MiB = 2 ** 20;
const marked = (at: number, text: string, image: Buffer = Buffer.alloc(MiB)): Buffer =>
  bent(image, () => image.write(text, at < 0 ? image.length + at : at, 'latin1'));

/** What QEMU, or a guest's user, could take for something else than it was declared as. */
const doubles: Readonly<Record<string, () => Buffer>> = {
  'qcow of version 1': () => marked(0, 'QFI\xfb\0\0\0\x01'),
  'qcow2 of version 2': () => qcow2({ version: 2 }),
  qcow2: () => qcow2(),
  'qcow2 with a backing file': () => qcow2({ backing: '/etc/passwd' }),
  qed: () => marked(0, 'QED\0'),
  vmdk: () => vmdk(),
  'vmdk of ESX': () => marked(0, 'COWD'),
  'a fixed vhd': () => fixedVhd(),
  'a dynamic vhd': () => dynamicVhd(),
  vhdx: () => vhdx(),
  vdi: () => vdi(),
  parallels: () => marked(0, 'WithoutFreeSpace'),
  'extended parallels': () => marked(0, 'WithouFreSpacExt'),
  bochs: () => marked(0, 'Bochs Virtual HD Image'),
  cloop: () => marked(0, '#!/bin/sh\n#V2.0 Format\nmodprobe cloop'),
  dmg: () => marked(-512, 'koly'),
};

const isoToo = (head: Buffer): Buffer => bent(iso(), (image) => head.copy(image, 0, 0, 0x8000));

export const polyglots: readonly Recipe[] = [
  ...of('raw', doubles),
  ...of('iso', {
    ...doubles,
    'an iso that is a qcow2 too': () => isoToo(qcow2({ backing: '/etc/passwd' })),
    'an iso that is a vmdk too': () => isoToo(vmdk()),
    'an iso that is a vdi too': () => isoToo(vdi()),
    'an iso that is a fixed vhd too': () => Buffer.concat([iso(), fixedVhd().subarray(-sector)]),
    'an iso that is LUKS too': () => marked(0, 'LUKS\xba\xbe', iso()),
  }),
  ...of('qcow2', {
    'raw bytes': () => Buffer.alloc(MiB),
    'LUKS declared as qcow2': () => marked(0, 'LUKS\xba\xbe'),
    'a qcow2 that is an iso too': () => bent(qcow2(), (image) => iso().copy(image, 0x8000, 0x8000)),
    'a qcow2 that is a fixed vhd too': () => Buffer.concat([qcow2(), fixedVhd().subarray(-sector)]),
    'a qcow2 that is a vdi too': () => bent(qcow2(), (image) => image.writeUInt32LE(0xbeda107f, 0x40)),
    qed: () => marked(0, 'QED\0'),
  }),
  ...of('vmdk', {
    'vmdk of ESX': () => marked(0, 'COWD'),
    'a vmdk that is a vdi too': () => bent(vmdk(), (image) => image.writeUInt32LE(0xbeda107f, 0x40)),
  }),
  ...of('ploop', { 'raw bytes': () => Buffer.alloc(MiB), qcow2: () => qcow2() }),
];
