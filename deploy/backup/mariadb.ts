/** The databases of the private MariaDB of a split cloud, or of the first node of a rack: through its socket, as its root. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnvironment } from '#shared/process/child-environment.ts';
import { run, tryRun } from '#shared/process/run.ts';
import { Refusal } from '../command.ts';
import { type Daemon, spawnDaemon } from '../split/daemon.ts';

const dumpFile = 'all.sql';
const loadMs = 3_600_000;

const client = (path: string, program = 'mariadb') => [
  `/usr/bin/${program}`,
  '--no-defaults',
  `--socket=${join(path, 'mariadb', 'socket')}`,
  '--user=root',
];

const query = async (path: string, statement: string): Promise<string[][]> => {
  const { stdout } = await run([...client(path), '--batch', '--skip-column-names', `--execute=${statement}`]);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t'));
};

/** Dumps all schemas in one transaction; returns the migrations of each. */
export async function dumpMariadb(path: string, folder: string): Promise<Record<string, string[]>> {
  if (!existsSync(join(path, 'mariadb', 'data')))
    throw new Refusal(
      'the database is on another server: run this on the first node, or back it up with the tools of that server',
    );
  if (!(await answers(path))) throw new Refusal('the database of this cloud does not run: wattle start');
  const schemas = await schemasOf(path);
  const options = ['--single-transaction', '--skip-lock-tables', `--result-file=${join(folder, dumpFile)}`];
  await run([...client(path, 'mariadb-dump'), ...options, '--databases', ...schemas], { timeoutMs: loadMs });
  return migrationsOf(path, schemas);
}

const schemasOf = async (path: string): Promise<string[]> =>
  (await query(path, "SHOW DATABASES LIKE 'wattle\\_%'")).map(([name = '']) => name);

async function migrationsOf(path: string, schemas: readonly string[]): Promise<Record<string, string[]>> {
  const migrations: Record<string, string[]> = {};
  const tables = "SELECT table_schema FROM information_schema.tables WHERE table_name = 'migrations'";
  const migrated = new Set((await query(path, tables)).map(([name]) => name));
  for (const schema of schemas.filter((each) => migrated.has(each))) {
    const names = await query(path, `SELECT name FROM ${schema}.migrations`);
    migrations[serviceOf(schema)] = names.map(([name = '']) => name);
  }
  return migrations;
}

const serviceOf = (schema: string) => schema.replace(/^wattle_/, '').replaceAll('_', '-');

/** Makes a database below `daemon`'s directory from the dump, held. It listens at its socket only, and is stopped again. */
export async function loadMariadb(staging: string, daemon: Daemon, folder: string, reason: string): Promise<void> {
  await daemon.prepare?.();
  const offline = { ...daemon, argv: [...daemon.argv, '--skip-networking'] };
  spawnDaemon({ path: staging, id: '', run: staging, log: staging }, offline);
  try {
    await untilAnswers(staging);
    await execute(staging, join(folder, dumpFile));
    for (const schema of await schemasOf(staging)) await query(staging, holdStatements(schema, reason));
  } finally {
    await tryRun([...client(staging, 'mariadb-admin'), 'shutdown'], { timeoutMs: 120_000 });
  }
}

/** As shared/db/hold.ts creates it; a backup of an earlier release has no such table. */
const holdStatements = (schema: string, reason: string) =>
  `USE ${schema};
   CREATE TABLE IF NOT EXISTS holds (reason varchar(255) NOT NULL PRIMARY KEY) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
   INSERT IGNORE INTO holds VALUES ('${reason.replaceAll("'", "''")}')`;

const answers = async (path: string): Promise<boolean> =>
  (await tryRun([...client(path, 'mariadb-admin'), 'ping'], { timeoutMs: 10_000 })).code === 0;

async function untilAnswers(path: string): Promise<void> {
  for (const until = Date.now() + 120_000; !(await answers(path)); await sleep(200))
    if (Date.now() > until) throw new Error(`MariaDB does not start; see ${join(path, 'mariadb.log')}`);
}

/** A dump may be larger than memory. */
async function execute(path: string, file: string): Promise<void> {
  const [command = '', ...args] = client(path);
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'], env: childEnvironment() });
  const fed = pipeline(createReadStream(file), child.stdin).catch(() => {}); // the exit code says what failed
  const [[code], errors] = await Promise.all([once(child, 'close'), text(child.stderr), fed]);
  if (code !== 0) throw new Error(`the dump could not be loaded: ${errors.trim()}`);
}
