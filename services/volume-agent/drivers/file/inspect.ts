/**
 * What an image says of itself, read by our own code before qemu-img sees it: it must be of the declared format, and
 * nothing in it may point at another file.
 */
import type { FileHandle } from 'node:fs/promises';
import { badRequest } from '#shared/errors/fault.ts';

type Look = (head: Buffer, file: FileHandle) => Promise<string | undefined> | string | undefined;

/** Each gives the reason for a refusal. */
const looks: Readonly<Record<string, Look>> = {
  raw: () => undefined,
  iso: () => undefined,
  qcow2: lookAtQcow2,
  vmdk: lookAtVmdk,
  vdi: (head) => (head.readUInt32LE(64) === 0xbeda107f ? undefined : 'it is not a VDI image'),
  vhd: lookAtVhd,
  vhdx: (head) => (startsWith(head, 'vhdxfile') ? undefined : 'it is not a VHDX image'),
};

/** Throws a Fault that says what is wrong with it. */
export async function inspectImage(file: FileHandle, format: string): Promise<void> {
  const head = Buffer.alloc(1024);
  await file.read(head, 0, head.length, 0);
  const look = looks[format];
  if (!look) throw badRequest(`images of format ${format} cannot become volumes`);
  const reason = await look(head, file);
  if (reason) throw badRequest(`the image is refused: ${reason}`);
}

const startsWith = (head: Buffer, word: string) => head.subarray(0, word.length).toString('latin1') === word;

function lookAtQcow2(head: Buffer): string | undefined {
  if (!startsWith(head, 'QFI\xfb')) return 'it is not a qcow2 image';
  const version = head.readUInt32BE(4);
  if (version !== 2 && version !== 3) return `qcow2 version ${version} is not known`;
  if (head.readBigUInt64BE(8) !== 0n) return 'it has a backing file';
  const incompatible = version === 3 ? head.readBigUInt64BE(72) : 0n;
  return incompatible & 4n ? 'it has a data file' : undefined;
}

/** A header without a capacity sends qemu-img to the extents that the descriptor names. */
async function lookAtVmdk(head: Buffer, file: FileHandle): Promise<string | undefined> {
  if (!startsWith(head, 'KDMV')) return 'it is not a VMDK image of one sparse file';
  if (head.readBigUInt64LE(12) === 0n) return 'its bytes are in other files';
  const [at, sectors] = [Number(head.readBigUInt64LE(28)) * 512, Number(head.readBigUInt64LE(36))];
  const descriptor = Buffer.alloc(Math.min(sectors, 2048) * 512);
  await file.read(descriptor, 0, descriptor.length, at);
  const text = descriptor.toString('latin1');
  if (!/createType="(monolithicSparse|streamOptimized)"/.test(text)) return 'its bytes are in other files';
  return /parentFileNameHint/.test(text) || !/parentCID=ffffffff/i.test(text) ? 'it has a backing file' : undefined;
}

/** The footer stands at the end; a dynamic disk repeats it at the start. Type 4 has a parent. */
async function lookAtVhd(head: Buffer, file: FileHandle): Promise<string | undefined> {
  const foot = Buffer.alloc(512);
  const { size } = await file.stat();
  await file.read(foot, 0, 512, Math.max(0, size - 512));
  const footer = [head, foot].find((each) => startsWith(each, 'conectix'));
  if (!footer) return 'it is not a VHD image';
  return footer.readUInt32BE(60) === 4 ? 'it has a backing file' : undefined;
}
