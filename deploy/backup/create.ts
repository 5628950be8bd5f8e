/** `wattle backup`: databases of one point in time, secrets, ring and settings, in one encrypted file. */
import { createWriteStream, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renameDurably } from '#shared/files/whole.ts';
import { acquirePidFile, releasePidFile } from '../processes/pid-file.ts';
import { version } from '../rack/this-host.ts';
import type { Home } from '../settings.ts';
import { packFolder } from './archive.ts';
import { copyPlainEntries } from './contents.ts';
import { format, type Manifest } from './manifest.ts';
import { dumpMariadb } from './mariadb.ts';
import { copySqlite } from './sqlite.ts';

export interface BackupOptions {
  readonly home: Home;
  readonly passphrase: string;
  /** Where the file goes. */
  readonly directory: string;
  /** The settings file; '' for none. */
  readonly settingsFile: string;
}

/** Returns the path of the file. A backup that is killed leaves no file, and what it left in var is removed by the next. */
export async function createBackup({ home, passphrase, directory, settingsFile }: BackupOptions): Promise<string> {
  const { path } = home.directory;
  const lock = join(path, 'backup.pid');
  acquirePidFile(lock);
  const folder = join(path, 'backup.new');
  try {
    rmSync(folder, { recursive: true, force: true });
    removePartial(directory, home.cloud.id);
    await collect(home, folder, settingsFile);
    return await write(home, folder, passphrase, directory);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    releasePidFile(lock);
  }
}

async function collect(home: Home, folder: string, settingsFile: string): Promise<void> {
  const { path } = home.directory;
  const databases = join(folder, 'databases');
  mkdirSync(databases, { recursive: true, mode: 0o700 });
  const engine = existsSync(join(path, 'mariadb', 'data')) ? 'mariadb' : 'sqlite';
  const migrations = engine === 'mariadb' ? await dumpMariadb(path, databases) : await copySqlite(home, databases);
  copyPlainEntries(path, join(folder, 'var'));
  if (settingsFile) await copyFile(settingsFile, join(folder, 'wattle.yaml'));
  const manifest: Manifest = {
    format,
    cloudId: home.cloud.id,
    version,
    createdAt: new Date().toISOString(),
    engine,
    migrations,
    environment: settingsIn(process.env),
  };
  writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Those of the command itself (where var and the settings file are) are not the cloud's. */
const settingsIn = (environment: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      /^WATTLE_(?!VAR$|SETTINGS$|CACHE$|TEST_)/.test(name) && value !== undefined ? [[name, value]] : [],
    ),
  );

const partial = '.part';

async function write({ cloud }: Home, folder: string, passphrase: string, directory: string): Promise<string> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const at = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const file = join(directory, `wattle-${cloud.id}-${at}.age`);
  try {
    await packFolder(folder, passphrase, createWriteStream(file + partial, { mode: 0o600, flush: true }));
    await renameDurably(file + partial, file);
    return file;
  } catch (error) {
    rmSync(file + partial, { force: true });
    throw error;
  }
}

/** Of backups that were killed. */
function removePartial(directory: string, cloudId: string): void {
  if (!existsSync(directory)) return;
  const left = readdirSync(directory).filter((name) => name.startsWith(`wattle-${cloudId}-`) && name.endsWith(partial));
  for (const name of left) rmSync(join(directory, name), { force: true });
}
