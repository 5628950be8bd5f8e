import { dataFile, type Qcow2Parts, qcow2 } from './builders.ts';
import type { Recipe } from './recipes.ts';
import { references } from './references.ts';

const recipe = (name: string, parts: (secret: string) => Qcow2Parts): Recipe => ({
  name: `qcow2: ${name}`,
  format: 'qcow2',
  bytes: (secret) => qcow2(parts(secret)),
});

const backings = Object.entries(references).flatMap(([what, to]) =>
  [2, 3].map((version) =>
    recipe(`version ${version} stands on ${what}`, (secret) => ({ version, backing: to(secret) })),
  ),
);
const dataFileBit = 1n << 2n;
const raw = { type: 0x88000000, data: Buffer.from('raw external') };

export const qcow2s: readonly Recipe[] = [
  ...backings,
  ...['an absolute path', 'a json: name of a raw file', 'an NBD server'].map((what) =>
    recipe(`its data is in ${what}`, (secret) => ({
      incompatible: dataFileBit,
      extensions: [dataFile(references[what]?.(secret) ?? '')],
    })),
  ),
  recipe('a data file without its bit', (secret) => ({ extensions: [dataFile(secret)] })),
  recipe('a data file without its bit, in version 2', (secret) => ({ version: 2, extensions: [dataFile(secret)] })),
  recipe('a data file behind others', (secret) => ({ extensions: [raw, raw, raw, dataFile(secret)] })),
  recipe('the bit of a data file alone', () => ({ incompatible: dataFileBit })),
  recipe('a raw data file', (secret) => ({ incompatible: dataFileBit, extensions: [dataFile(secret), raw] })),
  ...[5, 6, 7, 8, 16, 31, 32, 40, 62, 63].map((bit) =>
    recipe(`feature ${bit}, which nobody knows`, () => ({ incompatible: 1n << BigInt(bit) })),
  ),
  recipe('encrypted, in the old way', () => ({ crypt: 1 })),
  recipe('encrypted by LUKS', () => ({ crypt: 2 })),
  recipe('encrypted in some way', () => ({ crypt: 0xffffffff })),
  recipe('with a header of encryption', () => ({ extensions: [{ type: 0x0537be77, data: Buffer.alloc(16) }] })),
  ...[0, 8, 22, 32, 0xffffffff].map((clusterBits) => recipe(`clusters of 2^${clusterBits}`, () => ({ clusterBits }))),
  ...[0, 72, 103, 4097, 0xffffffff].map(
    (headerLength): Recipe => ({
      name: `qcow2: a header of ${headerLength} bytes`,
      format: 'qcow2',
      bytes: () => {
        const image = qcow2();
        image.writeUInt32BE(headerLength, 100);
        return image;
      },
    }),
  ),
  ...[0, 1, 4, 0xffffffff].map((version) => recipe(`version ${version}`, () => ({ version }))),
  recipe('a compression nobody knows', () => ({ incompatible: 1n << 3n })),
  recipe('too large', () => ({ sizeBytes: 1n << 60n })),
  recipe('a thousand extensions', () => ({ extensions: Array.from({ length: 1000 }, () => raw) })),
];
