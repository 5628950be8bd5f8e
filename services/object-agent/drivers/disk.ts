/** Atomic and durable writes. Uses the callbacks of node:fs, since its promises cost several times as much. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export const open = promisify(fs.open);
export const close = promisify(fs.close);
export const fsync = promisify(fs.fsync);
const link = promisify(fs.link);
const mkdir = promisify(fs.mkdir);
const writev = promisify(fs.writev);

const unlinkFile = promisify(fs.unlink);

export const unlink = (file: string): Promise<void> => unlinkFile(file).catch(ignoreMissing);

/** Synchronous deletion: rmSync costs a hundred times as much. */
export function removeFile(file: string): void {
  try {
    fs.unlinkSync(file);
  } catch (error) {
    ignoreMissing(error);
  }
}

export const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | null)?.code;
export function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}

/** Writes all bytes: on a full disk a write may be partial. */
export async function writeAll(fd: number, buffers: readonly Buffer[]): Promise<void> {
  const total = buffers.reduce((sum, { length }) => sum + length, 0);
  const { bytesWritten } = await writev(fd, [...buffers]);
  if (bytesWritten < total) await writeAll(fd, [Buffer.concat(buffers, total).subarray(bytesWritten)]);
}

/** Only the sync runs in the thread pool: opening and closing a directory do not wait for the disk. */
export async function syncDirectory(directory: string): Promise<void> {
  const fd = fs.openSync(directory, 'r');
  await fsync(fd).finally(() => fs.closeSync(fd));
}

export const temporaryIn = (root: string): string => join(root, 'tmp', randomBytes(12).toString('hex'));

/** Creates missing directories below the root, never the root itself, since a missing device must stay missing. Returns the first one created. */
async function ensureDirectory(root: string, directory: string): Promise<string | undefined> {
  if (directory === root) return undefined;
  try {
    await mkdir(directory);
    return directory;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    if (codeOf(error) !== 'ENOENT' || dirname(directory).length <= root.length) throw error;
  }
  const first = await ensureDirectory(root, dirname(directory));
  const last = await ensureDirectory(root, directory);
  return first ?? last;
}

/** The same, synchronously. */
export function ensureDirectorySync(root: string, directory: string): string | undefined {
  try {
    fs.mkdirSync(directory);
    return directory;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    if (codeOf(error) !== 'ENOENT' || dirname(directory).length <= root.length) throw error;
  }
  const first = ensureDirectorySync(root, dirname(directory));
  const last = ensureDirectorySync(root, directory);
  return first ?? last;
}

/**
 * Links a complete file to its name, durably. The temporary name stays until the caller deletes it, so that a crash leaves a
 * record of the write. A file that has the name already is of the same write.
 */
export async function publish(root: string, temporary: string, file: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const made = await ensureDirectory(root, dirname(file));
    try {
      await link(temporary, file);
      return await syncUpTo(dirname(file), made);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return;
      if (codeOf(error) !== 'ENOENT' || tries === 5) throw error; // the clean-up of an old tombstone took the directory
    }
  }
}

/** Syncs the parents of new directories, up to that of the first one created. */
async function syncUpTo(directory: string, made: string | undefined): Promise<void> {
  const directories = [directory];
  for (let at = directory; made && at.length >= made.length; at = dirname(at)) directories.push(dirname(at));
  await Promise.all(directories.map(syncDirectory));
}

/** Writes a small file atomically. */
export async function writeFileSafely(root: string, file: string, content: Buffer): Promise<string> {
  const temporary = temporaryIn(root);
  const fd = await open(temporary, 'wx');
  try {
    await writeAll(fd, [content]);
    await fsync(fd);
    await publish(root, temporary, file);
  } catch (error) {
    await unlink(temporary);
    throw error;
  } finally {
    await close(fd);
  }
  return temporary;
}
