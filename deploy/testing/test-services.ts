/** Services that tests find through WATTLE_TEST_* variables: started only when a test file contains the variable. */
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Directory, ensureDirectory, ensureSecret } from '../cloud/directory.ts';
import { ensureGuestImage } from '../guest-image/guest-image.ts';
import { startTimeOf } from '../processes/pid-file.ts';
import { terminate } from '../processes/terminate.ts';
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
 * WATTLE_TEST_MYSQL   mysql://user:password@host:port, with all privileges
 * WATTLE_TEST_AMQP    amqp://user:password@host:port
 * WATTLE_TEST_GUEST   the small guest image, a qcow2 file
 */
export async function startTestServices(
  folder: string,
  files: readonly string[],
  print: (text: string) => void,
): Promise<TestServices> {
  mkdirSync(join(folder, 'tmp'));
  chmodSync(join(folder, 'tmp'), 0o1777); // guests and databases run as other users
  const texts = files.map((file) => readFileSync(file, 'utf8'));
  const isUsed = (name: string) => texts.some((text) => text.includes(name));
  const directory = ensureDirectory(join(folder, 'services'));
  const ports = await choosePorts();
  const { path, id } = directory;
  const password = ensureSecret(path, 'tests');
  const allowedAll = { name: 'tests', password, permissions: allPermissions };
  const running: { pid: number; startedAt: string; ready: boolean }[] = [];
  const environment: Record<string, string> = {};
  const start = async (daemon: Daemon) => running.push(await started(directory, daemon, print));
  const close = async () => {
    for (const daemon of running.toReversed()) await terminate(daemon);
  };
  try {
    if (isUsed('WATTLE_TEST_GUEST')) environment.WATTLE_TEST_GUEST = await ensureGuestImage();
    if (isUsed('WATTLE_TEST_MYSQL')) {
      await start(mariadb({ path, port: ports.mariadb, users: databaseUsers(password) }));
      environment.WATTLE_TEST_MYSQL = `mysql://tests:${password}@127.0.0.1:${ports.mariadb}`;
    }
    if (isUsed('WATTLE_TEST_AMQP')) {
      await start(epmd({ path, ports }));
      await start(rabbitmq({ path, id, ports, users: [allowedAll, ...brokerUsers('test-host', () => password)] }));
      environment.WATTLE_TEST_AMQP = `amqp://tests:${password}@127.0.0.1:${ports.rabbitmq}`;
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { environment, close };
}

/** A user with all schemas, and one with a single schema, like that of a service. */
const databaseUsers = (password: string) => [
  { name: 'tests', password },
  { name: 'wattle_compute', password, schema: 'wattle_compute' },
];

async function started(directory: Directory, daemon: Daemon, print: (text: string) => void) {
  const startedMs = Date.now();
  await daemon.prepare?.();
  const pid = spawnDaemon(directory, daemon);
  const running = { pid, startedAt: startTimeOf(pid) ?? '', ready: false };
  await daemon.ready?.();
  print(`${daemon.name} for the tests: ready after ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
  return running;
}
