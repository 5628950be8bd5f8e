/** A private MariaDB of this cloud: its own files, port and users; the system's instance is not touched. */
import { chownSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '#shared/process/run.ts';
import { writeOnce } from '../cloud/directory.ts';
import { type Account, accountOf, type Daemon, type TlsListener, untilListening, writeTlsFiles } from './daemon.ts';

export interface MariadbOptions {
  /** Absolute; the database is in its directory `mariadb`. */
  readonly path: string;
  readonly port: number;
  readonly users: readonly DatabaseUser[];
  /** Absent: at 127.0.0.1, without TLS. */
  readonly listener?: TlsListener;
  /** Logs in through the socket only, with all privileges. */
  readonly administrator?: DatabaseUser;
  /** Further lines of its configuration, read before each start; its files are in `home`, and its data in `files`. */
  readonly configure?: (place: Place) => Promise<readonly string[]>;
}

export interface Place {
  readonly home: string;
  readonly files: string;
  readonly account: Account | undefined;
  /** The options that every start has. */
  readonly options: readonly string[];
}

/** The user has all privileges on `schema`; undefined: on all schemas. */
export interface DatabaseUser {
  readonly name: string;
  readonly password: string;
  readonly schema?: string;
}

export const socketOf = (path: string): string => join(path, 'mariadb', 'socket');

export function mariadb({ path, port, users, listener, administrator, configure }: MariadbOptions): Daemon {
  const address = listener?.address ?? '127.0.0.1';
  const home = join(path, 'mariadb');
  const account = accountOf('mysql', path);
  const files = join(home, 'data');
  const options = [...optionsFor(home, port, address), ...(listener ? tlsOptions(home) : []), ...userOption(account)];
  const settings = join(home, 'my.cnf');
  const logins = join(home, 'init.sql');
  return {
    name: 'mariadb',
    argv: ['/usr/sbin/mariadbd', `--defaults-file=${settings}`],
    environment: { TMPDIR: home }, // the default may be closed to its user
    ...(account ? { account } : {}),
    prepare: async () => {
      mkdirSync(home, { recursive: true, mode: 0o700 });
      await ensureFiles(home, files, account);
      const statements = initStatements(users, listener ? '%' : '127.0.0.1');
      writeOnce(logins, `${statements}${administrator ? userStatements([administrator], 'localhost') : ''}`, 0o600);
      if (listener) writeTlsFiles(home, listener, account);
      chownAll(account, home, logins);
      const more = (await configure?.({ home, files, account, options })) ?? [];
      writeOnce(settings, ['[mysqld]', ...options, ...more, ''].join('\n'), 0o600);
      chownAll(account, settings);
    },
    ready: () => untilListening(port, address),
  };
}

/** Caches are for a small box: what is here is read by primary key or through an index, and fits. */
const optionsFor = (home: string, port: number, address: string): string[] => [
  `datadir=${join(home, 'data')}`,
  `socket=${join(home, 'socket')}`,
  `port=${port}`,
  `pid-file=${join(home, 'pid')}`,
  `init-file=${join(home, 'init.sql')}`,
  `bind-address=${address}`,
  'skip-name-resolve',
  'character-set-server=utf8mb4',
  'collation-server=utf8mb4_bin',
  'innodb-buffer-pool-size=64M',
  'max-connections=400',
  'performance-schema=off',
  // caches for engines and queries that no service has: 45 MB less
  'aria-pagecache-buffer-size=1M',
  'key-buffer-size=64K',
  'query-cache-type=0',
  'query-cache-size=0',
  'innodb-log-buffer-size=2M',
  'table-open-cache=400',
];

/** The server refuses connections without TLS, other than through its socket. */
const tlsOptions = (home: string) => [
  `ssl-ca=${join(home, 'ca.crt')}`,
  `ssl-cert=${join(home, 'tls.crt')}`,
  `ssl-key=${join(home, 'tls.key')}`,
  'require-secure-transport=ON',
];

/** Created under another name and renamed: MariaDB does not start on a partial data directory. */
async function ensureFiles(home: string, files: string, account: Account | undefined): Promise<void> {
  if (existsSync(files)) return;
  const fresh = `${files}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  chownAll(account, home, fresh);
  const argv = [
    '/usr/bin/mariadb-install-db',
    '--no-defaults',
    `--datadir=${fresh}`,
    '--skip-test-db',
    '--force', // accept a host whose own name does not resolve
    '--skip-name-resolve',
  ];
  await run(argv, { ...account, timeoutMs: 120_000, env: { HOME: home, TMPDIR: home } });
  renameSync(fresh, files);
}

/** MariaDB refuses to run as root without this option. */
const userOption = (account: Account | undefined) => (process.getuid?.() === 0 && !account ? ['user=root'] : []);

/**
 * The root user has no password and can log in through the socket only. Each server of a cluster runs its own statements: they
 * are not replicated. Removes the shared user of earlier versions.
 */
const initStatements = (users: readonly DatabaseUser[], from: string) =>
  `DROP USER IF EXISTS 'wattle'@'127.0.0.1';\n${userStatements(users, from)}`;

/** Idempotent; sets the current password of existing users. `from` is the client address of logins, or % for any. */
export const userStatements = (users: readonly DatabaseUser[], from: string): string =>
  users.map((user) => statementsFor(user, from)).join('');

function statementsFor({ name, password, schema }: DatabaseUser, from: string): string {
  const account = `'${name}'@'${from}'`;
  const where = schema === undefined ? '*' : `\`${schema.replaceAll('_', '\\_')}\``; // in GRANT an underscore is a wildcard
  return `CREATE USER IF NOT EXISTS ${account};
ALTER USER ${account} IDENTIFIED BY '${password}';
GRANT ALL PRIVILEGES ON ${where}.* TO ${account};
`;
}

function chownAll(account: Account | undefined, ...files: string[]): void {
  if (account) for (const file of files) chownSync(file, account.uid, account.gid);
}
