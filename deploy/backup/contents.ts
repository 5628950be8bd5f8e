/** The entries of var that make a cloud what it is: a backup has them, and a restore puts them back. */
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Copied as they are. `id` is the last one that a restore puts back: a directory with it belongs to a cloud. */
export const plainEntries = [
  'layout.json',
  'host-id',
  'object-ring.json',
  'object-ring.secret',
  'secrets',
  'tls',
  'rack',
  'id',
];

/** Made from the copies of the databases. */
export const databaseEntries = ['db', 'mariadb'];

/** Follows from the others, so a restore moves it aside and the next start makes it again. */
export const derivedEntries = ['rabbitmq', 'openrc', 'clouds.yaml'];

export const controlEntries = [...derivedEntries, ...databaseEntries, ...plainEntries];

export function copyPlainEntries(path: string, folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of plainEntries.filter((each) => existsSync(join(path, each))))
    cpSync(join(path, name), join(folder, name), { recursive: true, preserveTimestamps: true });
}
