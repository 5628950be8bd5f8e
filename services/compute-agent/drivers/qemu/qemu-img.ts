/** qemu-img, always told the format, never asked to guess, and confined: its input comes from strangers. */
import { open } from 'node:fs/promises';
import { Fault } from '#shared/errors/fault.ts';
import { CommandFailed } from '#shared/process/run.ts';
import { runConfined } from './processes.ts';

interface Info {
  readonly 'virtual-size': number;
  readonly 'backing-filename'?: string;
  readonly 'format-specific'?: {
    readonly data?: { readonly 'data-file'?: string; readonly extents?: readonly unknown[] };
  };
}

/** Refuses what leads out of the file; throws a Fault when the bytes are not of that format. */
export async function inspectImage(uid: number | null, cwd: string, file: string, format: string): Promise<void> {
  const words = ['qemu-img', 'info', '-f', format, '--output=json', file];
  const { stdout } = await runConfined(uid, words, { cwd }).catch((error: unknown) => {
    if (!(error instanceof CommandFailed) || isNoSpace(error)) throw error;
    throw new Fault(409, 'conflict', `The image cannot be read as ${format}: ${lastLine(error.ran.stderr)}`);
  });
  const info = JSON.parse(stdout) as Info;
  const specific = info['format-specific']?.data;
  if (
    info['backing-filename'] !== undefined ||
    specific?.['data-file'] !== undefined ||
    (specific?.extents?.length ?? 1) > 1
  )
    throw new Fault(409, 'conflict', 'The image leads to other files and is not used.');
}

/** Read from the file's own head, or its length: for files that we made or inspected. */
export async function virtualBytes(path: string, format: 'qcow2' | 'raw'): Promise<number> {
  const file = await open(path, 'r');
  try {
    if (format === 'raw') return (await file.stat()).size;
    const { buffer } = await file.read(Buffer.alloc(32), 0, 32, 0);
    if (buffer.readUInt32BE(0) !== 0x514649fb) throw new Error(`${path} is no qcow2`);
    return Number(buffer.readBigUInt64BE(24));
  } finally {
    await file.close();
  }
}

const lastLine = (text: string) => text.trim().split('\n').at(-1) ?? '';

const isNoSpace = (error: unknown): boolean =>
  error instanceof Error &&
  ((error as NodeJS.ErrnoException).code === 'ENOSPC' ||
    /No space left on device|Disk quota exceeded/.test(error.message));

/** A full disk is an answer: waiting does not empty it. */
export async function withSpace<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!isNoSpace(error)) throw error;
    throw new Fault(507, 'insufficientStorage', `No space is left on the disk of this host for ${what}.`);
  }
}
