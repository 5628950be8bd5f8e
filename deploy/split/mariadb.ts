/** A MariaDB of this cloud alone: its own files, port and user, nothing of the system's. */
import { chownSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '#shared/process/run.ts';
import { writeOnce } from '../cloud/directory.ts';
import { type Account, accountOf, type Daemon, untilListening } from './daemon.ts';

export interface MariadbPlace {
  /** Absolute; the database lives in its folder `mariadb`. */
  readonly path: string;
  readonly port: number;
  readonly users: readonly DatabaseUser[];
}

/** `schema` is the one that the user may do anything in; undefined: all of them. */
export interface DatabaseUser {
  readonly name: string;
  readonly password: string;
  readonly schema?: string;
}

export function mariadb({ path, port, users }: MariadbPlace): Daemon {
  const home = join(path, 'mariadb');
  const account = accountOf('mysql', path);
  const files = join(home, 'data');
  const options = [
    `--datadir=${files}`,
    `--socket=${join(home, 'socket')}`,
    `--port=${port}`,
    `--pid-file=${join(home, 'pid')}`,
    `--init-file=${join(home, 'init.sql')}`,
    '--bind-address=127.0.0.1',
    '--skip-name-resolve',
    '--character-set-server=utf8mb4',
    '--collation-server=utf8mb4_bin',
    '--innodb-buffer-pool-size=64M',
    '--max-connections=400',
    '--performance-schema=off',
  ];
  return {
    name: 'mariadb',
    words: ['/usr/sbin/mariadbd', '--no-defaults', ...options, ...userOption(account)],
    environment: { TMPDIR: home }, // ours may be closed to its user
    ...(account ? { account } : {}),
    prepare: async () => {
      mkdirSync(home, { recursive: true, mode: 0o700 });
      await ensureFiles(home, files, account);
      writeOnce(join(home, 'init.sql'), firstStatements(users), 0o600);
      own(account, home, join(home, 'init.sql'));
    },
    ready: () => untilListening(port),
  };
}

/** Built aside and renamed: half a data directory never starts again. */
async function ensureFiles(home: string, files: string, account: Account | undefined): Promise<void> {
  if (existsSync(files)) return;
  const fresh = `${files}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  own(account, home, fresh);
  const words = [
    '/usr/bin/mariadb-install-db',
    '--no-defaults',
    `--datadir=${fresh}`,
    '--skip-test-db',
    '--force', // a host whose own name cannot be looked up is fine
    '--skip-name-resolve',
  ];
  await run(words, { ...account, timeoutMs: 120_000, env: { HOME: home, TMPDIR: home } });
  renameSync(fresh, files);
}

/** MariaDB wants to be asked twice before it runs as root. */
const userOption = (account: Account | undefined) => (process.getuid?.() === 0 && !account ? ['--user=root'] : []);

/** Root of the database has no password and comes in by the socket alone. */
const firstStatements = (users: readonly DatabaseUser[]) =>
  `DROP USER IF EXISTS 'wattle'@'127.0.0.1';\n${userStatements(users, '127.0.0.1')}`;

/** Idempotent, and gives an existing user its password of today. `from` is where logins come from: an address, or % for any. */
export const userStatements = (users: readonly DatabaseUser[], from: string): string =>
  users.map((user) => statementsFor(user, from)).join('');

function statementsFor({ name, password, schema }: DatabaseUser, from: string): string {
  const account = `'${name}'@'${from}'`;
  const where = schema === undefined ? '*' : `\`${schema.replaceAll('_', '\\_')}\``; // an underscore is a wildcard there
  return `CREATE USER IF NOT EXISTS ${account};
ALTER USER ${account} IDENTIFIED BY '${password}';
GRANT ALL PRIVILEGES ON ${where}.* TO ${account};
`;
}

function own(account: Account | undefined, ...files: string[]): void {
  if (account) for (const file of files) chownSync(file, account.uid, account.gid);
}
