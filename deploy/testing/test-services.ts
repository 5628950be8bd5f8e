/** What tests find beside them, in WATTLE_TEST_…: made only when a file asks for it. */
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Directory, ensureDirectory, ensureSecret } from '../cloud/directory.ts';
import { ensureGuestImage } from '../guest-image/guest-image.ts';
import { startOf } from '../processes/pid-file.ts';
import { end } from '../processes/terminate.ts';
import { allPermissions, brokerUsers } from '../split/broker-users.ts';
import { type Daemon, spawnDaemon } from '../split/daemon.ts';
import { mariadb } from '../split/mariadb.ts';
import { choosePorts } from '../split/ports.ts';
import { epmd, rabbitmq } from '../split/rabbitmq.ts';

export interface TestServices {
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * WATTLE_TEST_MYSQL   mysql://user:password@host:port, any schema may be made there
 * WATTLE_TEST_AMQP    amqp://user:password@host:port
 * WATTLE_TEST_GUEST   the small guest, a qcow2 file
 */
export async function startTestServices(
  folder: string,
  files: readonly string[],
  say: (words: string) => void,
): Promise<TestServices> {
  mkdirSync(join(folder, 'tmp'));
  chmodSync(join(folder, 'tmp'), 0o1777); // guests and databases run as other users
  const texts = files.map((file) => readFileSync(file, 'utf8'));
  const isAsked = (name: string) => texts.some((text) => text.includes(name));
  const directory = ensureDirectory(join(folder, 'grounds'));
  const ports = await choosePorts();
  const { path, id } = directory;
  const password = ensureSecret(path, 'tests');
  const everything = { name: 'tests', password, permissions: allPermissions };
  const running: { pid: number; startedAt: string; ready: boolean }[] = [];
  const environment: Record<string, string> = {};
  const begin = async (daemon: Daemon) => running.push(await started(directory, daemon, say));
  const close = async () => {
    for (const daemon of running.toReversed()) await end(daemon);
  };
  try {
    if (isAsked('WATTLE_TEST_GUEST')) environment.WATTLE_TEST_GUEST = await ensureGuestImage();
    if (isAsked('WATTLE_TEST_MYSQL')) {
      await begin(mariadb({ path, port: ports.mariadb, users: databaseUsers(password) }));
      environment.WATTLE_TEST_MYSQL = `mysql://tests:${password}@127.0.0.1:${ports.mariadb}`;
    }
    if (isAsked('WATTLE_TEST_AMQP')) {
      await begin(epmd({ path, ports }));
      await begin(rabbitmq({ path, id, ports, users: [everything, ...brokerUsers('test-host', () => password)] }));
      environment.WATTLE_TEST_AMQP = `amqp://tests:${password}@127.0.0.1:${ports.rabbitmq}`;
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { environment, close };
}

/** One for any schema, and one as a service has it. */
const databaseUsers = (password: string) => [
  { name: 'tests', password },
  { name: 'wattle_compute', password, schema: 'wattle_compute' },
];

async function started(directory: Directory, daemon: Daemon, say: (words: string) => void) {
  const began = Date.now();
  await daemon.prepare?.();
  const pid = spawnDaemon(directory, daemon);
  const running = { pid, startedAt: startOf(pid) ?? '', ready: false };
  await daemon.ready?.();
  say(`${daemon.name} for the tests: ready after ${((Date.now() - began) / 1000).toFixed(1)} s`);
  return running;
}
