/** Detects formats by their signatures, independently of the declared format. */
import type { Bytes } from './reader.ts';

interface Signature {
  readonly format: string;
  readonly offset: number;
  readonly bytes: Buffer;
  /** The offset counts from the end of the image. */
  readonly fromEnd?: boolean;
}

const signature = (format: string, offset: number, text: string): Signature => ({
  format,
  offset,
  bytes: Buffer.from(text, 'latin1'),
});

/** Every signature that QEMU would detect as a format other than raw. */
const signatures: readonly Signature[] = [
  signature('qcow2', 0, 'QFI\xfb\x00\x00\x00\x02'),
  signature('qcow2', 0, 'QFI\xfb\x00\x00\x00\x03'),
  signature('qcow', 0, 'QFI\xfb\x00\x00\x00\x01'),
  signature('qed', 0, 'QED\0'),
  signature('vmdk', 0, 'KDMV'),
  signature('vmdk of ESX hosts (COWD)', 0, 'COWD'),
  signature('vhd', 0, 'conectix'),
  { format: 'vhd', offset: 512, fromEnd: true, bytes: Buffer.from('conectix') },
  signature('vhdx', 0, 'vhdxfile'),
  signature('vdi', 0x40, '\x7f\x10\xda\xbe'),
  signature('luks', 0, 'LUKS\xba\xbe'),
  signature('ploop', 0, 'WithoutFreeSpace'),
  signature('ploop', 0, 'WithouFreSpacExt'),
  signature('bochs', 0, 'Bochs Virtual HD Image'),
  signature('cloop', 0, '#!/bin/sh\n#V2.0 Format\nmodprobe cloop'),
  { format: 'dmg', offset: 512, fromEnd: true, bytes: Buffer.from('koly') },
  signature('iso', 0x8001, 'CD001'),
];

export const vmdkDescriptor = 'a VMDK descriptor, a text that names the files of a disk';

/** Every format that the data could be detected as; an empty set means raw. */
export async function detect(bytes: Bytes): Promise<ReadonlySet<string>> {
  const head = await bytes.read(0, 64 * 1024);
  const tail = await bytes.read(Math.max(0, bytes.size - 512), 512);
  const found = signatures.filter(({ offset, bytes: wanted, fromEnd }) => {
    const at = fromEnd ? tail.subarray(0, wanted.length) : head.subarray(offset, offset + wanted.length);
    return at.equals(wanted);
  });
  const formats = new Set(found.map(({ format }) => format));
  if (isDescriptor(head)) formats.add(vmdkDescriptor);
  return formats;
}

/** Whether the text starts with `# Disk DescriptorFile`, after comments and empty lines. */
function isDescriptor(head: Buffer): boolean {
  for (const line of head.subarray(0, 8192).toString('latin1').split('\n')) {
    const text = line.trim().toLowerCase();
    if (text.startsWith('# disk descriptorfile')) return true;
    if (text !== '' && !text.startsWith('#')) return /^version\s*=\s*[123]$/.test(text);
  }
  return false;
}
