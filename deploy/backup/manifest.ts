/** What a backup says of itself, in its member `manifest.json`. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '../command.ts';
import { root } from '../setup/paths.js';

export interface Manifest {
  readonly format: number;
  readonly cloudId: string;
  /** The release that wrote it. */
  readonly version: string;
  readonly createdAt: string;
  readonly engine: 'sqlite' | 'mariadb';
  /** The migrations that each database has had, by the name of its service. */
  readonly migrations: Readonly<Record<string, readonly string[]>>;
  /** Settings that came from the environment, which no file keeps. */
  readonly environment: Readonly<Record<string, string>>;
}

export const format = 1;

/** Throws Refusal for a backup of a later release, whose rows this one may misread. */
export function refuseLater({ format: given, version, migrations }: Manifest, own: string): void {
  if (given > format)
    throw new Refusal(`the backup is of a later release (format ${given}; release ${version}, this is ${own})`);
  for (const [service, names] of Object.entries(migrations)) {
    const newest = newestMigration(service);
    const later = names.filter((name) => newest !== undefined && name.slice(0, 3) > newest);
    if (later.length > 0)
      throw new Refusal(
        `the backup is of a later release: its database of ${service} has ${later.join(', ')}; restore it with release ${version} or later, this is ${own}`,
      );
  }
}

/** The number of the last migration of this release; undefined for a database that is no service's. */
function newestMigration(service: string): string | undefined {
  try {
    const files = readdirSync(join(root, 'services', service, 'migrations'));
    return files
      .filter((file) => /^\d{3}-.*\.ts$/.test(file))
      .map((file) => file.slice(0, 3))
      .toSorted()
      .at(-1);
  } catch {
    return undefined;
  }
}
