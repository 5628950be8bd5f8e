/**
 * The only module that runs qemu-img. Every file and backing file is opened with an explicit driver: no format is probed,
 * and no reference inside a file is followed. Data of users is inspected before it is passed to this module.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRoot, runConfined, withOwnUid } from '#shared/process/confined.ts';
import type { CommandFailed } from '#shared/process/run.ts';

export interface ImageFile {
  /** QEMU's driver name. */
  readonly driver: string;
  /** A path of this host, never from a user. */
  readonly path: string;
  readonly backing?: ImageFile;
  /** A block device. */
  readonly isDevice?: boolean;
}

type BlockdevOptions = Readonly<Record<string, unknown>>;
const protocolOf = (isDevice = false) => (isDevice ? 'host_device' : 'file');
const blockdevOptions = ({ driver, path, backing, isDevice }: ImageFile): BlockdevOptions => ({
  driver,
  file: { driver: protocolOf(isDevice), filename: path },
  backing: backing ? blockdevOptions(backing) : null,
});

/** The json: pseudo-protocol, in place of a file name. */
const jsonFilename = (file: ImageFile): string => `json:${JSON.stringify(blockdevOptions(file))}`;

interface RunAs {
  /** The user that owns the files; null: the current one. */
  readonly uid: number | null;
  readonly cwd: string;
}

/** The maximum size of a qcow2 file: its data and its tables. */
const maxQcow2Bytes = (bytes: number) => Math.ceil(bytes * 1.02) + 64 * 2 ** 20;

/** Creates a qcow2 in an existing file; the backing file is recorded and not opened. */
export async function createQcow2(
  { uid, cwd }: RunAs,
  { path, bytes, backing }: { path: string; bytes: number; backing?: ImageFile },
): Promise<void> {
  const below = backing ? ['-u', '-b', backing.path, '-F', backing.driver] : [];
  const argv = ['qemu-img', 'create', '-q', '-f', 'qcow2', ...below, path, String(bytes)];
  await runConfined(argv, { uid, cwd, maxFileBytes: maxQcow2Bytes(bytes) });
}

export async function resizeQcow2({ uid, cwd }: RunAs, file: ImageFile, bytes: number): Promise<void> {
  const argv = ['qemu-img', 'resize', '-q', jsonFilename(file), String(bytes)];
  await runConfined(argv, { uid, cwd, maxFileBytes: maxQcow2Bytes(bytes) });
}

export interface Extent {
  readonly start: number;
  readonly length: number;
}

/** The parts of a raw file that are no holes, in order. A device has none that it reports. */
export async function listData({ uid, cwd }: RunAs, path: string, signal?: AbortSignal): Promise<Extent[]> {
  const argv = ['qemu-img', 'map', '--output=json', jsonFilename({ driver: 'raw', path })];
  const { stdout } = await runConfined(argv, { uid, cwd, maxFileBytes: 2 ** 20, ...(signal ? { signal } : {}) });
  return (JSON.parse(stdout) as (Extent & { readonly data: boolean })[]).filter(({ data }) => data);
}

interface Copy {
  readonly from: ImageFile;
  readonly to: ImageFile;
  /** Virtual size of `from`. */
  readonly bytes: number;
  readonly compress?: boolean;
  readonly signal?: AbortSignal;
}

/** Copies a file of this host, as its owner. */
export async function copyImage(
  { uid, cwd }: RunAs,
  { from, to, bytes, compress = false, signal }: Copy,
): Promise<void> {
  const compressed = compress ? ['-c'] : [];
  const argv = ['qemu-img', 'convert', ...compressed, '-O', to.driver, jsonFilename(from), to.path];
  await runConfined(argv, { uid, cwd, maxFileBytes: maxQcow2Bytes(bytes), ...(signal ? { signal } : {}) });
}

interface Conversion {
  readonly from: FileHandle;
  /** QEMU's driver name. */
  readonly driver: string;
  readonly to: FileHandle;
  /** For `luks` the target begins with a header already. */
  readonly toDriver: 'raw' | 'qcow2' | 'luks';
  /** The passphrase of `luks`. */
  readonly secret?: string;
  /** Virtual size of `from`. */
  readonly bytes: number;
  readonly signal?: AbortSignal;
}

const descriptorPath = (number: number) => `/proc/self/fd/${number}`;

/**
 * Converts data of users, as a user id used for this run only that can access just the two files (and the passphrase), which
 * are passed as open descriptors. A raw target must have its final size and contain only holes.
 */
export async function convertImage(conversion: Conversion): Promise<void> {
  const { from, driver, to, bytes, secret, signal } = conversion;
  const [source, target] = [await from.stat(), await to.stat()];
  const input = jsonFilename({ driver, path: descriptorPath(3), isDevice: source.isBlockDevice() });
  const maxFileBytes = conversion.toDriver === 'qcow2' ? maxQcow2Bytes(bytes) : Math.max(target.size, 1);
  const key = secret === undefined ? [] : [await secretFile(secret)];
  const files = [from, to, ...key];
  try {
    await withOwnUid(async (uid) => {
      await Promise.all(files.map((file) => chownTo(file, uid)));
      const argv = ['qemu-img', 'convert', ...outputOf(conversion, input, target.isBlockDevice())];
      const limits = { maxFileBytes, memoryBytes: 2 ** 30, ...(signal ? { signal } : {}) };
      await runConfined(argv, { uid, files: files.map(({ fd }) => fd), ...limits }).finally(() =>
        Promise.all([from, to].map(restoreOwner)),
      );
    });
  } finally {
    for (const file of key) await file.close();
  }
}

/** Zeros of the source are written to a `luks` target, where what nobody wrote reads as noise. */
function outputOf({ toDriver }: Conversion, input: string, isDevice: boolean): string[] {
  const path = descriptorPath(4);
  if (toDriver === 'qcow2') return ['-O', toDriver, input, path];
  const place = `file.driver=${protocolOf(isDevice)},file.filename=${path}`;
  if (toDriver === 'raw') return ['-n', '--target-is-zero', '--target-image-opts', input, `driver=raw,${place}`];
  const secret = ['--object', `secret,id=key,format=raw,file=${descriptorPath(5)}`];
  return [...secret, '-n', '--target-image-opts', input, `driver=luks,key-secret=key,${place}`];
}

/** Without a name, and in memory where the system has a directory for that. */
async function secretFile(secret: string): Promise<FileHandle> {
  const path = join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), randomUUID());
  const file = await open(path, 'wx+', 0o600);
  await rm(path);
  await file.write(secret, 0);
  return file;
}

const chownTo = async (file: FileHandle, uid: number | null) => (uid === null ? undefined : file.chown(uid, uid));
const restoreOwner = async (file: FileHandle) => (isRoot ? file.chown(0, 0) : undefined);

/** The last line of qemu-img's error output, without file names of this host. */
export function messageOf(error: CommandFailed): string {
  const { code, stderr } = error.result;
  if (code === null) return 'reading it takes more time, memory or room than an image of its size may take';
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return last
    .replace(/^qemu-img: /, '')
    .replaceAll(/'?json:\{.*\}'?/g, 'the image')
    .replaceAll(/\/proc\/self\/fd\/\d/g, 'the image');
}
