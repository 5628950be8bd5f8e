/** Where the objects of backups are stored: named bytes in containers. All methods are idempotent. */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { badRequest } from '#shared/errors/fault.ts';
import { publish } from '../file/publish.ts';

export interface BackupTarget {
  /** Durable once it returns. */
  put(container: string, name: string, bytes: Buffer): Promise<void>;
  get(container: string, name: string): Promise<Buffer | undefined>;
  /** Names that begin with the prefix, which ends in a slash. */
  list(container: string, prefix: string): Promise<string[]>;
  remove(container: string, name: string): Promise<void>;
}

const part = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;

/** The parts of an object's name, none of which leads out of its directory. */
export function partsOf(container: string, name: string): string[] {
  const parts = [container, ...name.split('/').filter((each) => each !== '')];
  if (parts.some((each) => !part.test(each))) throw badRequest(`${container} is no name of a backup container`);
  return parts;
}

/** A directory, which all storage hosts share when there are several: an NFS export, for example. */
export function directoryTarget(directory: string): BackupTarget {
  const pathOf = (container: string, name: string) => join(directory, ...partsOf(container, name));
  return {
    put: async (container, name, bytes) => {
      const path = pathOf(container, name);
      await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
      await publish(path, (file) => file.writeFile(bytes));
    },
    get: async (container, name) => readFile(pathOf(container, name)).catch(ignoreMissing),
    list: async (container, prefix) => {
      const names = (await readdir(pathOf(container, prefix)).catch(ignoreMissing)) ?? [];
      return names.map((name) => `${prefix}${name}`);
    },
    remove: async (container, name) => {
      await rm(pathOf(container, name), { force: true, recursive: true });
    },
  };
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** For tests: lost when the process ends. */
export function memoryTarget(): BackupTarget {
  const objects = new Map<string, Buffer>();
  const key = (container: string, name: string) => partsOf(container, name).join('/');
  return {
    put: async (container, name, bytes) => void objects.set(key(container, name), bytes),
    get: async (container, name) => objects.get(key(container, name)),
    list: async (container, prefix) =>
      [...objects.keys()]
        .filter((each) => each.startsWith(`${container}/${prefix}`))
        .map((each) => each.slice(container.length + 1)),
    remove: async (container, name) => void objects.delete(key(container, name)),
  };
}
