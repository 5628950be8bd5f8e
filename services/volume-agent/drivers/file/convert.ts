/** qemu-img on bytes that strangers made: a named format, limits, and a user who may touch nothing but the two files. */
import type { FileHandle } from 'node:fs/promises';
import { badRequest } from '#shared/errors/fault.ts';
import { CommandFailed, run } from '#shared/process/run.ts';
import { isFull, noSpace } from './publish.ts';

const nobody = 65534;
const minutes = 60_000;
const gib = 2 ** 30;

/** Glance's word for a format, and qemu-img's. */
const drivers: Readonly<Record<string, string>> = {
  raw: 'raw',
  iso: 'raw',
  qcow2: 'qcow2',
  vmdk: 'vmdk',
  vdi: 'vdi',
  vhd: 'vpc',
  vhdx: 'vhdx',
};

export function driverOf(format: string): string {
  const driver = drivers[format];
  if (!driver) throw badRequest(`images of format ${format} cannot become volumes`);
  return driver;
}

/** A file descriptor needs no way to the file: its directories stay closed to the child. */
const asRoot = () => process.getuid?.() === 0;
const restricted = () => (asRoot() ? { uid: nobody, gid: nobody } : {});
const lend = async (file: FileHandle) => (asRoot() ? file.chown(nobody, nobody) : undefined);
const takeBack = async (file: FileHandle) => (asRoot() ? file.chown(0, 0) : undefined);
const limits = ['prlimit', `--as=${2 * gib}`, '--cpu=1800', '--nofile=64', '--'];

interface Conversion {
  readonly from: FileHandle;
  readonly fromFormat: string;
  readonly to: FileHandle;
  readonly toFormat: 'raw' | 'qcow2';
}

/** The target of a raw conversion has its size already, and holes everywhere. */
export async function convert({ from, fromFormat, to, toFormat }: Conversion): Promise<void> {
  const into = toFormat === 'raw' ? ['-n', '--target-is-zero'] : [];
  const words = ['qemu-img', 'convert', '-f', driverOf(fromFormat), '-O', toFormat, ...into, fd(3), fd(4)];
  await withBoth(from, to, () =>
    run([...limits, ...words], { files: [from.fd, to.fd], timeoutMs: 60 * minutes, ...restricted() }),
  );
}

/** The size of the disk within the image. */
export async function virtualBytes(from: FileHandle, format: string): Promise<number> {
  const words = ['qemu-img', 'info', '--output=json', '-f', driverOf(format), fd(3)];
  const { stdout } = await withBoth(from, from, () =>
    run([...limits, ...words], { files: [from.fd], timeoutMs: minutes, ...restricted() }),
  );
  return (JSON.parse(stdout) as { 'virtual-size': number })['virtual-size'];
}

const fd = (number: number) => `/proc/self/fd/${number}`;

async function withBoth<T>(from: FileHandle, to: FileHandle, work: () => Promise<T>): Promise<T> {
  await Promise.all([lend(from), lend(to)]);
  try {
    return await work();
  } catch (error) {
    if (isFull(error)) throw noSpace();
    // what qemu-img says goes to the user: the image is theirs, and the file has no name in it
    if (error instanceof CommandFailed) throw badRequest(`the image cannot be read: ${error.ran.stderr.trim()}`);
    throw error;
  } finally {
    await Promise.all([takeBack(from), takeBack(to)]);
  }
}
