/** Small images of each format, built byte by byte, so that a test can bend any field of them. */

const MiB = 2 ** 20;
export const sector = 512;

export interface VmdkParts {
  readonly descriptor?: string;
  /** In sectors. */
  readonly descriptorAt?: number;
  readonly descriptorSectors?: number;
  readonly capacity?: number;
}

export const sparseLine = 'RW 2048 SPARSE "disk.vmdk"';
export interface DescriptorParts {
  readonly type?: string;
  readonly parentCid?: string;
  readonly extents?: readonly string[];
  readonly more?: readonly string[];
}

export const descriptorText = ({
  type = 'monolithicSparse',
  parentCid = 'ffffffff',
  extents = [sparseLine],
  more = [],
}: DescriptorParts = {}): string =>
  [
    '# Disk DescriptorFile',
    'version=1',
    'CID=fffffffe',
    `parentCID=${parentCid}`,
    `createType="${type}"`,
    ...more,
    '# Extent description',
    ...extents,
    '# The Disk Data Base',
    'ddb.virtualHWVersion = "4"',
    '',
  ].join('\n');

/** 1 MiB of zeros: a grain directory with one table, and no grain. */
export function vmdk({ descriptor = descriptorText(), ...parts }: VmdkParts = {}): Buffer {
  const { descriptorAt = 1, descriptorSectors = 20, capacity = 2048 } = parts;
  const image = Buffer.alloc(128 * sector);
  image.write('KDMV', 0, 'latin1');
  image.writeUInt32LE(1, 4);
  image.writeUInt32LE(1, 8);
  image.writeBigUInt64LE(BigInt(capacity), 12);
  image.writeBigUInt64LE(128n, 20); // sectors of a grain
  image.writeBigUInt64LE(BigInt(descriptorAt), 28);
  image.writeBigUInt64LE(BigInt(descriptorSectors), 36);
  image.writeUInt32LE(512, 44);
  image.writeBigUInt64LE(0n, 48);
  image.writeBigUInt64LE(30n, 56);
  image.writeBigUInt64LE(64n, 64);
  image.write('\n \r\n', 73, 'latin1');
  image.writeUInt32LE(31, 30 * sector); // its one table, of four sectors
  image.write(descriptor, descriptorAt * sector, 'latin1');
  return image;
}

interface Extension {
  readonly type: number;
  readonly data: Buffer;
}
export interface Qcow2Parts {
  readonly version?: number;
  readonly backing?: string;
  readonly incompatible?: bigint;
  readonly crypt?: number;
  readonly clusterBits?: number;
  readonly headerLength?: number;
  readonly extensions?: readonly Extension[];
  readonly sizeBytes?: bigint;
}

/** 1 MiB of zeros; header, refcount table, refcount block and L1 table are a cluster each. */
export function qcow2(parts: Qcow2Parts = {}): Buffer {
  const { version = 3, backing, incompatible = 0n, crypt = 0, clusterBits = 16, extensions = [] } = parts;
  const { headerLength = version === 3 ? 104 : 72, sizeBytes = BigInt(MiB) } = parts;
  const cluster = 65_536;
  const image = Buffer.alloc(4 * cluster);
  image.write('QFI\xfb', 0, 'latin1');
  image.writeUInt32BE(version, 4);
  image.writeUInt32BE(clusterBits, 20);
  image.writeBigUInt64BE(sizeBytes, 24);
  image.writeUInt32BE(crypt, 32);
  image.writeUInt32BE(1, 36);
  image.writeBigUInt64BE(BigInt(3 * cluster), 40);
  image.writeBigUInt64BE(BigInt(cluster), 48);
  image.writeUInt32BE(1, 56);
  if (version >= 3) {
    image.writeBigUInt64BE(incompatible, 72);
    image.writeUInt32BE(4, 96);
    image.writeUInt32BE(headerLength, 100);
  }
  let at = headerLength;
  for (const { type, data } of extensions) {
    if (at + 8 + data.length > cluster) break;
    image.writeUInt32BE(type, at);
    image.writeUInt32BE(data.length, at + 4);
    data.copy(image, at + 8);
    at += 8 + Math.ceil(data.length / 8) * 8;
  }
  if (backing !== undefined) {
    image.writeBigUInt64BE(BigInt(2048), 8);
    image.writeUInt32BE(backing.length, 16);
    image.write(backing, 2048, 'latin1');
  }
  image.writeBigUInt64BE(BigInt(2 * cluster), cluster);
  for (let n = 0; n < 4; n += 1) image.writeUInt16BE(1, 2 * cluster + 2 * n);
  return image;
}

export const dataFile = (name: string): Extension => ({ type: 0x44415441, data: Buffer.from(name) });

function vhdFooter(kind: number, sizeBytes: number, dataOffset: bigint): Buffer {
  const footer = Buffer.alloc(sector);
  footer.write('conectix', 0, 'latin1');
  footer.writeUInt32BE(2, 8);
  footer.writeUInt32BE(0x10000, 12);
  footer.writeBigUInt64BE(dataOffset, 16);
  footer.write('win ', 28, 'latin1');
  footer.writeBigUInt64BE(BigInt(sizeBytes), 40);
  footer.writeBigUInt64BE(BigInt(sizeBytes), 48);
  footer.writeUInt16BE(sizeBytes / sector / 68, 56);
  footer.writeUInt8(4, 58);
  footer.writeUInt8(17, 59);
  footer.writeUInt32BE(kind, 60);
  const sum = footer.reduce((total, byte) => total + byte, 0);
  footer.writeUInt32BE(~sum >>> 0, 64);
  return footer;
}

export const fixedVhd = (kind = 2): Buffer =>
  Buffer.concat([Buffer.alloc(MiB), vhdFooter(kind, MiB, 0xffff_ffff_ffff_ffffn)]);

/** Two blocks of 2 MiB that are not there. */
export function dynamicVhd({ head = 3, tail }: { readonly head?: number; readonly tail?: number } = {}): Buffer {
  const bytes = 4 * MiB;
  const header = Buffer.alloc(1024);
  header.write('cxsparse', 0, 'latin1');
  header.writeBigUInt64BE(0xffff_ffff_ffff_ffffn, 8);
  header.writeBigUInt64BE(1536n, 16);
  header.writeUInt32BE(0x10000, 24);
  header.writeUInt32BE(2, 28);
  header.writeUInt32BE(2 * MiB, 32);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.writeUInt32BE(~sum >>> 0, 36);
  const table = Buffer.alloc(sector, 0xff);
  return Buffer.concat([vhdFooter(head, bytes, 512n), header, table, vhdFooter(tail ?? head, bytes, 512n)]);
}

export function vdi({ type = 1 } = {}): Buffer {
  const image = Buffer.alloc(4096);
  image.write('<<< Oracle VM VirtualBox Disk Image >>>\n', 0, 'latin1');
  image.writeUInt32LE(0xbeda107f, 0x40);
  image.writeUInt32LE(0x10001, 0x44);
  image.writeUInt32LE(0x180, 0x48);
  image.writeUInt32LE(type, 0x4c);
  image.writeUInt32LE(512, 0x154);
  image.writeUInt32LE(1024, 0x158);
  image.writeUInt32LE(512, 0x168);
  image.writeBigUInt64LE(BigInt(MiB), 0x170);
  image.writeUInt32LE(MiB, 0x178);
  image.writeUInt32LE(1, 0x180);
  image.writeUInt32LE(0xffffffff, 512); // its one block is not there
  return image;
}

const KiB = 1024;
export const vhdxPlaces = { regions: [192 * KiB, 256 * KiB], metadata: 2 * MiB, items: 2 * MiB + 64 * KiB } as const;
export const guids = {
  metadata: '06a27c8b90479a4bb8fe575f050f886e',
  fileParameters: '3767a1ca36fa434db3b633f0aa44e76b',
  diskSize: '2442a52f1bcd7648b2115dbed83bf4b8',
  parentLocator: '2d5fd3a80bb34d45abf7d3d84834ab0c',
} as const;

/** As much of a VHDX as its header, its regions and its metadata are. */
export function vhdx({ parameters = 0, items = [] as readonly string[] } = {}): Buffer {
  const image = Buffer.alloc(3 * MiB);
  image.write('vhdxfile', 0, 'latin1');
  for (const at of vhdxPlaces.regions) {
    image.write('regi', at, 'latin1');
    image.writeUInt32LE(1, at + 8);
    image.write(guids.metadata, at + 16, 'hex');
    image.writeBigUInt64LE(BigInt(vhdxPlaces.metadata), at + 32);
    image.writeUInt32LE(MiB, at + 40);
  }
  image.write('metadata', vhdxPlaces.metadata, 'latin1');
  const all = [guids.fileParameters, guids.diskSize, ...items];
  image.writeUInt16LE(all.length, vhdxPlaces.metadata + 10);
  for (const [n, id] of all.entries()) {
    image.write(id, vhdxPlaces.metadata + 32 + 32 * n, 'hex');
    image.writeUInt32LE(64 * KiB + 8 * n, vhdxPlaces.metadata + 48 + 32 * n);
    image.writeUInt32LE(8, vhdxPlaces.metadata + 52 + 32 * n);
  }
  image.writeUInt32LE(MiB, vhdxPlaces.items);
  image.writeUInt32LE(parameters, vhdxPlaces.items + 4);
  image.writeBigUInt64LE(BigInt(8 * MiB), vhdxPlaces.items + 8);
  return image;
}

export function iso(): Buffer {
  const image = Buffer.alloc(64 * KiB);
  image.write('\x01CD001\x01', 0x8000, 'latin1');
  return image;
}

/** Those that are what they say: each recipe bends one of them. */
export const honest: readonly { readonly format: string; readonly bytes: Buffer }[] = [
  { format: 'vmdk', bytes: vmdk() },
  { format: 'vmdk', bytes: vmdk({ descriptor: descriptorText({ type: 'streamOptimized' }) }) },
  { format: 'qcow2', bytes: qcow2() },
  { format: 'qcow2', bytes: qcow2({ version: 2 }) },
  { format: 'vhd', bytes: fixedVhd() },
  { format: 'vhd', bytes: dynamicVhd() },
  { format: 'vdi', bytes: vdi() },
  { format: 'vhdx', bytes: vhdx() },
  { format: 'iso', bytes: iso() },
  { format: 'raw', bytes: Buffer.alloc(MiB) },
];
