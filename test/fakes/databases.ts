/** A database of a test's own, of either kind: a file below its home, or a schema of the server in WATTLE_TEST_MYSQL. */
import { randomBytes } from 'node:crypto';
import { openDatabase } from '#shared/db/open.ts';

export type DatabaseKind = 'sqlite' | 'mysql';
export const databaseKinds: readonly DatabaseKind[] = ['sqlite', 'mysql'];

const server = process.env.WATTLE_TEST_MYSQL;

export const skipped = (kind: DatabaseKind): string | false =>
  kind === 'mysql' && !server ? 'WATTLE_TEST_MYSQL names no server' : false;

export interface OwnDatabase {
  readonly url: string;
  /** When whoever uses it has closed. */
  drop(): Promise<void>;
}

export function databaseIn(folder: string, kind: DatabaseKind): OwnDatabase {
  if (kind === 'sqlite') return { url: `sqlite:${folder}/rows.sqlite`, drop: async () => {} };
  const schema = `wattle_t_${randomBytes(4).toString('hex')}`;
  const url = `${server}/${schema}`;
  const drop = async () => {
    const db = openDatabase(url);
    await db.raw('DROP SCHEMA ??', [schema]);
    await db.destroy();
  };
  return { url, drop };
}
