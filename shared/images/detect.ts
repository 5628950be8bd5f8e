/** Recognizes formats by the bytes alone, whatever the image was declared as. */
import type { Bytes } from './reader.ts';

interface Mark {
  readonly format: string;
  readonly offset: number;
  readonly bytes: Buffer;
  /** From the end of the image instead. */
  readonly fromEnd?: boolean;
}

const mark = (format: string, offset: number, text: string): Mark => ({
  format,
  offset,
  bytes: Buffer.from(text, 'latin1'),
});

/** All that QEMU would take for something else than plain bytes. */
const marks: readonly Mark[] = [
  mark('qcow2', 0, 'QFI\xfb\x00\x00\x00\x02'),
  mark('qcow2', 0, 'QFI\xfb\x00\x00\x00\x03'),
  mark('qcow', 0, 'QFI\xfb\x00\x00\x00\x01'),
  mark('qed', 0, 'QED\0'),
  mark('vmdk', 0, 'KDMV'),
  mark('vmdk of ESX hosts (COWD)', 0, 'COWD'),
  mark('vhd', 0, 'conectix'),
  { format: 'vhd', offset: 512, fromEnd: true, bytes: Buffer.from('conectix') },
  mark('vhdx', 0, 'vhdxfile'),
  mark('vdi', 0x40, '\x7f\x10\xda\xbe'),
  mark('luks', 0, 'LUKS\xba\xbe'),
  mark('ploop', 0, 'WithoutFreeSpace'),
  mark('ploop', 0, 'WithouFreSpacExt'),
  mark('bochs', 0, 'Bochs Virtual HD Image'),
  mark('cloop', 0, '#!/bin/sh\n#V2.0 Format\nmodprobe cloop'),
  { format: 'dmg', offset: 512, fromEnd: true, bytes: Buffer.from('koly') },
  mark('iso', 0x8001, 'CD001'),
];

export const vmdkDescriptor = 'a VMDK descriptor, a text that names the files of a disk';

/** Every format that these bytes could be taken for; none of them means raw. */
export async function detect(bytes: Bytes): Promise<ReadonlySet<string>> {
  const head = await bytes.read(0, 64 * 1024);
  const tail = await bytes.read(Math.max(0, bytes.size - 512), 512);
  const found = marks.filter(({ offset, bytes: wanted, fromEnd }) => {
    const at = fromEnd ? tail.subarray(0, wanted.length) : head.subarray(offset, offset + wanted.length);
    return at.equals(wanted);
  });
  const formats = new Set(found.map(({ format }) => format));
  if (isDescriptor(head)) formats.add(vmdkDescriptor);
  return formats;
}

/** The text begins with `# Disk DescriptorFile`, after comments and empty lines. */
function isDescriptor(head: Buffer): boolean {
  for (const line of head.subarray(0, 8192).toString('latin1').split('\n')) {
    const text = line.trim().toLowerCase();
    if (text.startsWith('# disk descriptorfile')) return true;
    if (text !== '' && !text.startsWith('#')) return /^version\s*=\s*[123]$/.test(text);
  }
  return false;
}
