import { descriptorText, sector, sparseLine, vmdk } from './builders.ts';
import type { Recipe } from './recipes.ts';
import { references } from './references.ts';

const recipe = (name: string, bytes: Recipe['bytes'], format = 'vmdk'): Recipe => ({
  name: `vmdk: ${name}`,
  format,
  bytes,
});
const parentHint = (to: string) => descriptorText({ parentCid: '00000001', more: [`parentFileNameHint="${to}"`] });

/** The header names an innocent descriptor elsewhere; QEMU reads the one at byte 512. */
function twoDescriptors(real: string): Buffer {
  const image = vmdk({ descriptorAt: 100 });
  image.write(real, sector, 'latin1');
  return image;
}

const parents = Object.entries(references).flatMap(([what, to]) => [
  recipe(`its parent is ${what}`, (secret) => vmdk({ descriptor: parentHint(to(secret)) })),
  recipe(`its parent is ${what}, beside an innocent descriptor`, (secret) => twoDescriptors(parentHint(to(secret)))),
]);

const extentsElsewhere: readonly ((secret: string) => readonly string[])[] = [
  (secret) => [`RW 2048 FLAT "${secret}" 0`],
  (secret) => [`RDONLY 2048 FLAT "${secret}" 0`],
  (secret) => [`NOACCESS 2048 FLAT "${secret}" 0`],
  (secret) => [`RW 2048 VMFS "${secret}"`],
  (secret) => [`RW 2048 VMFSSPARSE "${secret}"`],
  (secret) => [`RW 2048 SPARSE "${secret}"`],
  (secret) => [`RW 2048 SESPARSE "${secret}"`],
  (secret) => [`rw\t2048\tflat\t"${secret}"\t0`],
  (secret) => [sparseLine, `RW 2048 FLAT "${secret}" 0`],
  () => [sparseLine, 'RW 2048 ZERO'],
  () => ['RW 2048 SPARSE "nbd:unix:/run/secret.sock"'],
  () => ['RW 2048 SPARSE "\\\\server\\share\\disk.vmdk"'],
  () => ['RW 2048 SPARSE "C:\\disks\\../../etc/passwd"'],
  () => [],
];

const types = [
  'monolithicFlat',
  'twoGbMaxExtentSparse',
  'twoGbMaxExtentFlat',
  'vmfs',
  'vmfsSparse',
  'vmfsThin',
  'seSparse',
  'fullDevice',
  'partitionedDevice',
  'vmfsRaw',
  'vmfsRawDeviceMap',
  'custom',
];

const texts: readonly ((secret: string) => string)[] = [
  (secret) => descriptorText({ type: 'monolithicFlat', extents: [`RW 4 FLAT "${secret}" 0`] }),
  (secret) => descriptorText({ type: 'twoGbMaxExtentFlat', extents: [`RW 4 FLAT "${secret}" 0`] }),
  (secret) => descriptorText({ type: 'vmfs', extents: [`RW 4 VMFS "${secret}"`] }),
  (secret) => `createType="monolithicFlat"\nRW 4 FLAT "${secret}" 0\n`,
  (secret) => `\n\n# a comment\n${descriptorText({ type: 'monolithicFlat', extents: [`RW 4 FLAT "${secret}" 0`] })}`,
  (secret) => `version = 1\ncreateType="monolithicFlat"\nRW 4 FLAT "${secret}" 0\n`,
];

const withFooter = (bend: (footer: Buffer) => void): Buffer => {
  const image = vmdk({ descriptor: descriptorText({ type: 'streamOptimized' }) });
  const footer = Buffer.from(image.subarray(0, sector));
  image.writeBigUInt64LE(0xffff_ffff_ffff_ffffn, 56);
  const marker = Buffer.alloc(sector);
  marker.writeUInt32LE(3, 12);
  bend(footer);
  return Buffer.concat([image, marker, footer, Buffer.alloc(sector)]);
};

export const vmdks: readonly Recipe[] = [
  ...parents,
  ...extentsElsewhere.map((lines, n) =>
    recipe(`its extents are ${n + 1}: ${lines('the secret').join(' and ') || 'none'}`, (secret) =>
      vmdk({ descriptor: descriptorText({ extents: lines(secret) }) }),
    ),
  ),
  ...types.map((type) => recipe(`its type is ${type}`, () => vmdk({ descriptor: descriptorText({ type }) }))),
  ...texts.flatMap((text, n) => [
    recipe(`a text alone, ${n + 1}`, (secret) => Buffer.from(text(secret).padEnd(4096, '\n'))),
    recipe(`a header without capacity before text ${n + 1}`, (secret) =>
      vmdk({ capacity: 0, descriptor: text(secret) }),
    ),
  ]),
  ...texts
    .filter((_, n) => n !== 3)
    .map((text, n) =>
      recipe(`text ${n + 1}, declared as raw`, (secret) => Buffer.from(text(secret).padEnd(4096, '\n')), 'raw'),
    ),
  recipe('two types', () => vmdk({ descriptor: descriptorText({ more: ['createType="monolithicFlat"'] }) })),
  recipe('two parent ids', () => vmdk({ descriptor: descriptorText({ more: ['parentCID=12345678'] }) })),
  recipe('a parent id alone', () => vmdk({ descriptor: descriptorText({ parentCid: '12345678' }) })),
  recipe('a file of changes', (secret) =>
    vmdk({ descriptor: descriptorText({ more: [`changeTrackPath="${secret}"`] }) }),
  ),
  recipe('a parent behind the end of the text', (secret) => {
    const image = vmdk();
    image.write(parentHint(secret), 10 * sector, 'latin1');
    return image;
  }),
  recipe('a parent behind a descriptor of one sector', (secret) => {
    const image = vmdk({ descriptorSectors: 1 });
    image.write(parentHint(secret), 2 * sector, 'latin1');
    return image;
  }),
  recipe('a parent in other letters', (secret) =>
    vmdk({ descriptor: descriptorText({ more: [`PARENTFILENAMEHINT="${secret}"`] }) }),
  ),
  recipe('no descriptor', () => vmdk({ descriptorSectors: 0 })),
  recipe('a descriptor of a gigabyte', () => vmdk({ descriptorSectors: 2 ** 21 })),
  recipe('an empty descriptor', () => vmdk({ descriptor: '' })),
  recipe('a footer of another size', () => withFooter((footer) => footer.writeBigUInt64LE(1n << 40n, 12))),
  recipe('a footer with another descriptor', () => withFooter((footer) => footer.writeBigUInt64LE(100n, 28))),
  recipe('a footer that points to a footer', () =>
    withFooter((footer) => footer.writeBigUInt64LE(0xffff_ffff_ffff_ffffn, 56)),
  ),
  recipe('a footer that is not whole', () => withFooter(() => {}).subarray(0, -100)),
];
