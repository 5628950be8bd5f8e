/** Atomic and durable writes. Uses the callbacks of node:fs, since its promises cost several times as much. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { syncDirectory } from '#shared/files/whole.ts';

export const open = promisify(fs.open);
export const close = promisify(fs.close);
export const fsync = promisify(fs.fsync);
const link = promisify(fs.link);
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

export const temporaryIn = (root: string): string => join(root, 'tmp', randomBytes(12).toString('hex'));

/** Creates missing directories below the root, never the root itself, since a missing device must stay missing. Returns the first one created. */
export function ensureDirectory(root: string, directory: string): string | undefined {
  if (directory === root) return undefined;
  try {
    fs.mkdirSync(directory);
    return directory;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    if (codeOf(error) !== 'ENOENT' || dirname(directory).length <= root.length) throw error;
  }
  const first = ensureDirectory(root, dirname(directory));
  const last = ensureDirectory(root, directory);
  return first ?? last;
}

/** The directories to sync for an entry in the first of them: it, and the parents of those that were created. */
export function* parentsOf(directory: string, made: string | undefined): Generator<string> {
  yield directory;
  for (let at = directory; made && at.length >= made.length; at = dirname(at)) yield dirname(at);
}

/**
 * Links a complete file to its name, durably. The temporary name stays until the caller deletes it, so that a crash leaves a
 * record of the write. A file that has the name already is of the same write.
 */
export async function publish(root: string, temporary: string, file: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const made = ensureDirectory(root, dirname(file));
    try {
      await link(temporary, file);
      await Promise.all([...parentsOf(dirname(file), made)].map(syncDirectory));
      return;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return;
      if (codeOf(error) !== 'ENOENT' || tries === 5) throw error; // the clean-up of an old tombstone took the directory
    }
  }
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
