/** knex on MySQL and MariaDB, so that a service cannot tell them from sqlite. */
import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import knex, { type Knex } from 'knex';
import { createConnection, type TypeCastField } from 'mysql2/promise';
import { isDeadlock, isLost } from './errors.ts';
import { type Client, guarded, refuseInside, type Work } from './guard.ts';
import { indexName } from './index-name.ts';
import { type Asked, naming, withColumn } from './names.ts';
import { withRetries } from './retry.ts';

interface Query extends Asked {
  readonly sql: string;
  readonly output?: unknown;
  response?: unknown;
}
interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly ssl?: object;
}
type Compiler = { _indexCommand(type: string, table: string, columns: string | string[]): string };

const require = createRequire(import.meta.url);
const Mysql2 = require('knex/lib/dialects/mysql2/index.js') as new (
  config: Knex.Config,
) => Client & {
  transacting?: boolean;
  connectionSettings: Connection;
  _query(connection: unknown, query: Query): Promise<Query>;
  columnCompiler(...parts: unknown[]): unknown;
  tableCompiler(...parts: unknown[]): unknown;
};
const ColumnCompiler = require('knex/lib/dialects/mysql/schema/mysql-columncompiler.js') as new (
  ...parts: unknown[]
) => { text(size?: string): string };
const TableCompiler = require('knex/lib/dialects/mysql/schema/mysql-tablecompiler.js') as new (
  ...parts: unknown[]
) => Compiler & { formatter: { wrap(name: string): string } };

const unknownSchema = 1049;
const poolSize = 10;

/** A text of 64 KB is a trap: sqlite has no such limit. */
class RoomyColumns extends ColumnCompiler {
  override text(size?: string) {
    return size?.startsWith('long') ? 'longtext' : 'mediumtext';
  }
}

class ShortNames extends TableCompiler {
  override _indexCommand(type: string, table: string, columns: string | string[]) {
    return this.formatter.wrap(indexName(table, columns, type));
  }
}

class Mysql extends Mysql2 {
  override columnCompiler(...parts: unknown[]) {
    return new RoomyColumns(this, ...parts);
  }

  override tableCompiler(...parts: unknown[]) {
    return new ShortNames(this, ...parts);
  }

  override async acquireRawConnection() {
    try {
      return await super.acquireRawConnection();
    } catch (error) {
      if ((error as { errno?: number }).errno !== unknownSchema) throw error;
      await createSchema(this.connectionSettings);
      return super.acquireRawConnection();
    }
  }

  override async acquireConnection() {
    refuseInside(this.config);
    return withRetries(() => super.acquireConnection()); // nothing was sent yet
  }

  override transaction(work: Work, config: unknown, outer: unknown) {
    return guarded(this.config, work, outer, (inner) => super.transaction(inner, config, outer));
  }

  /** Within a transaction only the whole can be repeated. A statement alone was undone, or only read. */
  override async _query(connection: unknown, query: Query): Promise<Query> {
    if (this.transacting) return super._query(connection, query);
    try {
      return await super._query(connection, query);
    } catch (error) {
      if (isDeadlock(error)) return withRetries(() => super._query(connection, query));
      if (isLost(error) && /^\s*select\b/i.test(query.sql)) return this.queryAgain(query);
      throw error;
    }
  }

  async queryAgain(query: Query): Promise<Query> {
    const fresh = await withRetries(() => super.acquireConnection());
    try {
      return await super._query(fresh, query);
    } finally {
      await this.releaseConnection(fresh);
    }
  }

  /** A raw query answers with its rows, or with the number of rows it changed, as on sqlite. */
  override processResponse(query: Query, runner: unknown) {
    if (query?.method !== 'raw' || query.output) return super.processResponse(withColumn(query), runner);
    const [rows] = query.response as [unknown];
    return Array.isArray(rows) ? rows : { changes: (rows as { affectedRows: number }).affectedRows };
  }
}

/** knex hides the password from all that copies, so it is named. */
async function createSchema({ database, host, port, user, password, ssl }: Connection): Promise<void> {
  const connection = await createConnection({ host, port, user, password, ...(ssl ? { ssl } : {}) });
  try {
    const name = connection.escapeId(database);
    await connection.query(`CREATE SCHEMA IF NOT EXISTS ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
  } finally {
    await connection.end();
  }
}

const typeCast = (field: TypeCastField, next: () => unknown): unknown => {
  if (field.type !== 'TINY' || field.length !== 1) return next();
  const written = field.string();
  return written === null ? null : written === '1';
};

/** Strict, so a value that does not fit is an error; waits for a lock no longer than a caller may wait. */
const sqlMode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO';
const session = [
  'SET NAMES utf8mb4 COLLATE utf8mb4_bin',
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  `SET innodb_lock_wait_timeout = 10, time_zone = '+00:00', sql_mode = '${sqlMode},PIPES_AS_CONCAT'`,
];

type Prepared = (error: unknown, connection: Session) => void;
interface Session {
  query(sql: string, done: (error: unknown) => void): void;
}

/**
 * The server's certificate must be of an authority that the process trusts, and for servers. mysql2 compares names only: an
 * address in the certificate is not compared.
 */
const tlsFor = (host: string) => ({
  rejectUnauthorized: true,
  verifyIdentity: isIP(host) === 0,
  minVersion: 'TLSv1.2',
});

/** `mysql://user:password@host:port/schema`, or `mysqls://` over TLS; the schema is made when it is missing. */
export function openMysql(url: string): Knex {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const database = decodeURIComponent(pathname.slice(1));
  if (!database) throw new Error('the database URL names no schema: mysql://user:password@host:port/schema');
  return knex({
    client: Mysql as unknown as typeof Knex.Client,
    compileSqlOnError: false, // errors reach the log, and values may be secrets
    connection: {
      host: hostname,
      port: Number(port || 3306),
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
      database,
      ...(protocol === 'mysqls:' ? { ssl: tlsFor(hostname) } : {}),
      timezone: 'Z',
      decimalNumbers: true,
      jsonStrings: true,
      connectTimeout: 5_000,
      typeCast,
    } as Knex.MySql2ConnectionConfig,
    pool: {
      min: 0,
      max: poolSize,
      afterCreate: (connection: Session, done: Prepared) => prepareSession(connection, done),
    },
    acquireConnectionTimeout: 30_000,
    log: { warn: () => {} }, // what it would say is thrown too
    ...naming,
  });
}

function prepareSession(connection: Session, done: Prepared, [next, ...rest] = session): void {
  if (next === undefined) {
    done(null, connection);
    return;
  }
  connection.query(next, (error) => {
    if (error) done(error, connection);
    else prepareSession(connection, done, rest);
  });
}
