/** The databases of one process: files in var/db, or where the section of a service says. */
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { databaseOf } from '#shared/config/cloud.ts';
import { copyAtOnePoint, holdFile, migrationsIn } from '#shared/db/snapshot.ts';
import { Refusal } from '../command.ts';
import { isAgent, parts } from '../roles.ts';
import { type Home, sectionOf } from '../settings.ts';

/** Copies all databases, of one point in time; returns the migrations of each. */
export async function copySqlite(home: Home, folder: string): Promise<Record<string, string[]>> {
  const copies = (await filesOf(home)).map(({ name, file }) => ({ from: file, to: join(folder, `${name}.sqlite`) }));
  await copyAtOnePoint(copies);
  return Object.fromEntries(copies.map(({ to }) => [basename(to, '.sqlite'), migrationsIn(to)]));
}

async function filesOf({ settings, cloud }: Home) {
  const files = [];
  for (const name of parts.filter((part) => !isAgent(part))) {
    const section = await sectionOf(name);
    if (!('database' in section)) continue;
    const url = String(settings.read(name, section).database || databaseOf(cloud, name));
    if (!url.startsWith('sqlite:'))
      throw new Refusal(
        `the database of ${name} is on a server that this cloud does not run: back it up with the tools of that server`,
      );
    const file = url.slice('sqlite:'.length);
    if (existsSync(file)) files.push({ name, file });
  }
  return files;
}

/** Moves the copies to their places below `staging`, held. */
export async function loadSqlite(folder: string, staging: string, reason: string): Promise<void> {
  mkdirSync(join(staging, 'db'), { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.sqlite'))) {
    const file = join(staging, 'db', name);
    renameSync(join(folder, name), file);
    await holdFile(file, reason);
  }
}
