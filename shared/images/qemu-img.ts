/**
 * qemu-img, the only way to it. Every file is named with its driver, and so is what it stands on: nothing is guessed,
 * and nothing that a file says of another file is followed. Bytes of others are inspected before they get here.
 */
import type { FileHandle } from 'node:fs/promises';
import { isRoot, runConfined, withOwnUid } from '#shared/process/confined.ts';
import type { CommandFailed } from '#shared/process/run.ts';

export interface ImageFile {
  /** QEMU's word. */
  readonly driver: string;
  /** Made by us, never by a user. */
  readonly path: string;
  readonly backing?: ImageFile;
}

type Spec = Readonly<Record<string, unknown>>;
const specOf = ({ driver, path, backing }: ImageFile): Spec => ({
  driver,
  file: { driver: 'file', filename: path },
  backing: backing ? specOf(backing) : null,
});

/** As qemu-img takes it in place of a file name. */
const wordOf = (file: ImageFile): string => `json:${JSON.stringify(specOf(file))}`;

interface Place {
  /** Whose the files are; null: ours. */
  readonly uid: number | null;
  readonly cwd: string;
}

/** Room for the tables of a qcow2 beside the bytes of its disk. */
const withTables = (bytes: number) => Math.ceil(bytes * 1.02) + 64 * 2 ** 20;

/** A qcow2 of that size on a file that is there; what it stands on is written into it and not opened. */
export async function createQcow2(
  { uid, cwd }: Place,
  { path, bytes, backing }: { path: string; bytes: number; backing?: ImageFile },
): Promise<void> {
  const below = backing ? ['-u', '-b', backing.path, '-F', backing.driver] : [];
  const words = ['qemu-img', 'create', '-q', '-f', 'qcow2', ...below, path, String(bytes)];
  await runConfined(words, { uid, cwd, maxFileBytes: withTables(bytes) });
}

export async function resizeQcow2({ uid, cwd }: Place, file: ImageFile, bytes: number): Promise<void> {
  const words = ['qemu-img', 'resize', '-q', wordOf(file), String(bytes)];
  await runConfined(words, { uid, cwd, maxFileBytes: withTables(bytes) });
}

interface Copy {
  readonly from: ImageFile;
  readonly to: ImageFile;
  /** Of the disk within `from`. */
  readonly bytes: number;
  readonly compress?: boolean;
  readonly signal?: AbortSignal;
}

/** A copy of our own files, by their owner. */
export async function copyImage(
  { uid, cwd }: Place,
  { from, to, bytes, compress = false, signal }: Copy,
): Promise<void> {
  const packed = compress ? ['-c'] : [];
  const words = ['qemu-img', 'convert', ...packed, '-O', to.driver, wordOf(from), to.path];
  await runConfined(words, { uid, cwd, maxFileBytes: withTables(bytes), ...(signal ? { signal } : {}) });
}

interface Conversion {
  readonly from: FileHandle;
  /** QEMU's word. */
  readonly driver: string;
  readonly to: FileHandle;
  readonly toDriver: 'raw' | 'qcow2';
  /** Of the disk within `from`. */
  readonly bytes: number;
  readonly signal?: AbortSignal;
}

const descriptorPath = (number: number) => `/proc/self/fd/${number}`;

/**
 * Bytes that somebody uploaded, by a user of this run alone, who reaches nothing but the two files: a descriptor needs no
 * way to the file. A raw target has its size already, and holes everywhere.
 */
export async function convertImage({ from, driver, to, toDriver, bytes, signal }: Conversion): Promise<void> {
  const path = descriptorPath(4);
  const into = toDriver === 'raw' ? ['-n', '--target-is-zero', '--target-image-opts'] : ['-O', toDriver];
  const target = toDriver === 'raw' ? `driver=raw,file.driver=file,file.filename=${path}` : path;
  const { size } = await to.stat();
  const maxFileBytes = toDriver === 'raw' ? Math.max(size, 1) : withTables(bytes);
  await withOwnUid(async (uid) => {
    await Promise.all([lend(from, uid), lend(to, uid)]);
    try {
      const words = ['qemu-img', 'convert', ...into, wordOf({ driver, path: descriptorPath(3) }), target];
      await runConfined(words, {
        uid,
        files: [from.fd, to.fd],
        maxFileBytes,
        memoryBytes: 2 ** 30,
        ...(signal ? { signal } : {}),
      });
    } finally {
      await Promise.all([takeBack(from), takeBack(to)]);
    }
  });
}

const lend = async (file: FileHandle, uid: number | null) => (uid === null ? undefined : file.chown(uid, uid));
const takeBack = async (file: FileHandle) => (isRoot ? file.chown(0, 0) : undefined);

/** The last line of what it said: about the bytes, with no name of a file of this host in it. */
export function wordsOf(error: CommandFailed): string {
  const { code, stderr } = error.result;
  if (code === null) return 'reading it takes more time, memory or room than an image of its size may take';
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return last
    .replace(/^qemu-img: /, '')
    .replaceAll(/'?json:\{.*\}'?/g, 'the image')
    .replaceAll(/\/proc\/self\/fd\/\d/g, 'the image');
}
