/** knex on MySQL and MariaDB, so that a service cannot tell them from sqlite. */
import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import knex, { type Knex } from 'knex';
import { createConnection, type TypeCastField } from 'mysql2/promise';
import { urlsOf } from '#shared/net/urls.ts';
import { isDeadlock, isLost } from './errors.ts';
import { type Client, guarded, refuseInside, type Work } from './guard.ts';
import { indexName } from './index-name.ts';
import { type Asked, naming, withColumn } from './names.ts';
import { withRetries } from './retry.ts';
import { type Connector, type Server, writerAmong } from './writer.ts';

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
/** All servers of the URL, when there are several. */
interface Servers {
  readonly servers?: readonly Server[];
}
/** A connection of mysql2, as far as it is used here. */
interface Raw {
  query(sql: string, done: (error: unknown, rows?: unknown) => void): void;
  readonly stream: { readonly destroyed: boolean; destroy(error: Error): void };
  __knex__disposed?: unknown;
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

  override acquireRawConnection(): Promise<unknown> {
    const { servers } = this.config as Servers;
    return servers ? writerAmong(servers).open(this.connector()) : this.openAt(this.connectionSettings);
  }

  /** knex hides the password from all that copies, so it is named. */
  async openAt({ host, port }: Server): Promise<unknown> {
    const { password, ssl } = this.connectionSettings;
    const settings = { ...this.connectionSettings, password, host, port, ...(ssl ? { ssl: tlsFor(host) } : {}) };
    const client = Object.create(this, { connectionSettings: { value: settings } }) as Client;
    const open = () => super.acquireRawConnection.call(client);
    try {
      return await open();
    } catch (error) {
      if ((error as { errno?: number }).errno !== unknownSchema) throw error;
      await createSchema(settings);
      return open();
    }
  }

  connector(): Connector<Raw> {
    return {
      connect: async (server) => (await this.openAt(server)) as Raw,
      isWritable,
      destroy: ({ stream }, reason) => stream.destroy(reason),
      isOpen: ({ stream }) => !stream.destroyed,
    };
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
    if (this.transacting) return this.queryOnce(connection, query);
    try {
      return await this.queryOnce(connection, query);
    } catch (error) {
      if (isDeadlock(error)) return withRetries(() => super._query(connection, query));
      if (isLost(error) && /^\s*select\b/i.test(query.sql)) return this.queryAgain(query);
      throw error;
    }
  }

  /** A connection whose server is no writer any more leaves the pool. */
  async queryOnce(connection: unknown, query: Query): Promise<Query> {
    try {
      return await super._query(connection, query);
    } catch (error) {
      if (isLost(error)) (connection as Raw).__knex__disposed = error;
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

/** False for a replica, and for a server of a Galera cluster that has no quorum or is not in step yet. */
async function isWritable(connection: Raw): Promise<boolean> {
  const ask = (sql: string) =>
    new Promise<Readonly<Record<string, unknown>>[]>((resolve, reject) => {
      connection.query(sql, (error, rows) => (error ? reject(error) : resolve(rows as Record<string, unknown>[])));
    });
  const [ready] = await ask("SHOW GLOBAL STATUS LIKE 'wsrep_ready'");
  if (ready?.Value === 'OFF') return false;
  const [state] = await ask('SELECT @@global.read_only AS isReadOnly');
  return Number(state?.isReadOnly) === 0;
}

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

const serverOf = (url: URL): Server => ({ host: url.hostname, port: Number(url.port || 3306) });

/**
 * `mysql://user:password@host:port/schema`, or `mysqls://` over TLS; the schema is made when it is missing. With several
 * servers, `a:3306,b:3306`, all connections are to the one that accepts writes.
 */
export function openMysql(url: string): Knex {
  const urls = urlsOf(url).map((each) => new URL(each));
  const [first] = urls as [URL];
  const { protocol, hostname, username, password, pathname } = first;
  const database = decodeURIComponent(pathname.slice(1));
  if (!database) throw new Error('the database URL names no schema: mysql://user:password@host:port/schema');
  return knex({
    client: Mysql as unknown as typeof Knex.Client,
    ...(urls.length > 1 ? { servers: urls.map(serverOf) } : {}),
    compileSqlOnError: false, // errors reach the log, and values may be secrets
    connection: {
      ...serverOf(first),
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
