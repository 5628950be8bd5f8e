/**
 * `wattle restore`: a backup is checked to its last byte before anything changes. Then all is prepared in `var/restoring`, and
 * moved into its place; `id` comes last, so a restore that is killed leaves no cloud, and can be repeated.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectorySync } from '#shared/files/whole.ts';
import { ensureFolder } from '../cloud/directory.ts';
import { Refusal } from '../command.ts';
import { listRunningIn } from '../processes/stop-all.ts';
import { standaloneOptions } from '../rack/backends.ts';
import { allowFirstStart } from '../rack/galera.ts';
import { findNodeFile } from '../rack/node-directory.ts';
import { listAddresses, version } from '../rack/this-host.ts';
import { mariadb } from '../split/mariadb.ts';
import type { PrivatePorts } from '../split/ports.ts';
import { databaseUsersOf } from '../split/role-users.ts';
import { type Archive, readMember, unpackTo } from './archive.ts';
import { controlEntries, databaseEntries, plainEntries } from './contents.ts';
import { type Manifest, refuseLater } from './manifest.ts';
import { loadMariadb } from './mariadb.ts';
import { loadSqlite } from './sqlite.ts';

export interface RestoreOptions {
  readonly archive: Archive;
  /** The directory of the cloud, which may not exist yet. */
  readonly path: string;
  /** Move the databases and secrets of a cloud in `path` aside. */
  readonly replace: boolean;
}

export interface Restored {
  readonly manifest: Manifest;
  readonly path: string;
  /** Where the former databases and secrets are; '' when there were none. */
  readonly former: string;
}

const stagingName = 'restoring';

export async function restoreBackup({ archive, path: wanted, replace }: RestoreOptions): Promise<Restored> {
  refuseRunning(wanted);
  const manifest = JSON.parse(await readMember(archive, 'manifest.json')) as Manifest;
  refuseLater(manifest, version);
  const present = entriesIn(wanted);
  if (present.length > 0 && !replace && !isInterrupted(wanted))
    throw new Refusal(
      `${wanted} has the ${present.join(', ')} of a cloud; nothing was changed. --replace moves them aside; guests, volumes and images stay where they are`,
    );
  const path = ensureFolder(wanted, manifest.cloudId);
  const staging = join(path, stagingName);
  removeInterrupted(path, staging);
  try {
    await prepare(archive, manifest, staging);
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw error;
  }
  const former = entriesIn(path).length > 0 ? moveAside(path) : '';
  publishAll(path, staging);
  return { manifest, path, former };
}

const entriesIn = (path: string): string[] => controlEntries.filter((name) => existsSync(join(path, name)));

function refuseRunning(path: string): void {
  const running = listRunningIn(join(path, 'run')).map(({ role, pid }) => `${role} (process ${pid})`);
  if (running.length > 0)
    throw new Refusal(`this cloud is running: ${running.join(', ')}; nothing was changed: wattle stop`);
}

/** All databases, held, and all files, as they will be in var. */
async function prepare(archive: Archive, manifest: Manifest, staging: string): Promise<void> {
  mkdirSync(staging, { recursive: true, mode: 0o755 }); // MariaDB runs as another user
  const unpacked = join(staging, 'unpacked');
  mkdirSync(unpacked, { mode: 0o700 });
  await unpackTo(archive, unpacked);
  for (const name of readdirSync(join(unpacked, 'var'))) renameSync(join(unpacked, 'var', name), join(staging, name));
  refuseForeignAddress(staging);
  const reason = `restored from the backup of ${manifest.createdAt}`;
  const databases = join(unpacked, 'databases');
  if (manifest.engine === 'sqlite') await loadSqlite(databases, staging, reason);
  else await loadMariadb(staging, daemonOf(staging), databases, reason);
  if (findNodeFile(staging)) allowFirstStart(join(staging, 'mariadb', 'data'));
  if (existsSync(join(unpacked, 'wattle.yaml')))
    renameSync(join(unpacked, 'wattle.yaml'), join(staging, 'restored-wattle.yaml'));
  rmSync(unpacked, { recursive: true });
}

/** The certificates and settings of a rack name the address of its first node. */
function refuseForeignAddress(staging: string): void {
  const node = findNodeFile(staging);
  if (node && !listAddresses().includes(node.address))
    throw new Refusal(
      `the backup is of node ${node.name} at ${node.address}, which is no address of this host; give it that address first`,
    );
}

function daemonOf(staging: string) {
  const node = findNodeFile(staging);
  if (node) return mariadb(standaloneOptions(staging, node));
  const { ports } = JSON.parse(readFileSync(join(staging, 'layout.json'), 'utf8')) as { ports: PrivatePorts };
  const users = databaseUsersOf({ path: staging, id: '', run: '', log: '' });
  return mariadb({ path: staging, port: ports.mariadb, users });
}

/** Lists what is being moved into place; there is one only while that is under way. */
const publishing = 'publishing.json';

function publishAll(path: string, staging: string): void {
  const ours = [...databaseEntries, 'restored-wattle.yaml', ...plainEntries];
  const names = ours.filter((name) => existsSync(join(staging, name)));
  writeFileSync(join(staging, publishing), JSON.stringify(names), { flush: true });
  for (const name of names) renameSync(join(staging, name), join(path, name));
  syncDirectorySync(path);
  rmSync(staging, { recursive: true });
}

const isInterrupted = (path: string) =>
  existsSync(join(path, stagingName, publishing)) && !existsSync(join(path, 'id'));

/** What a killed restore has moved into place is removed again: it is in the backup. */
function removeInterrupted(path: string, staging: string): void {
  if (isInterrupted(path)) {
    const names = JSON.parse(readFileSync(join(staging, publishing), 'utf8')) as string[];
    for (const name of names)
      if (!existsSync(join(staging, name))) rmSync(join(path, name), { recursive: true, force: true });
  }
  rmSync(staging, { recursive: true, force: true });
}

function moveAside(path: string): string {
  const former = join(path, `before-restore-${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`);
  mkdirSync(former, { mode: 0o700 });
  for (const name of ['id', ...entriesIn(path).filter((each) => each !== 'id')])
    if (existsSync(join(path, name))) renameSync(join(path, name), join(former, name));
  return former;
}
