/** A private RabbitMQ of this cloud, with its own epmd (Erlang's node directory): the default epmd is shared and never stops. */
import { chownSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CommandFailed, run } from '#shared/process/run.ts';
import { writeOnce } from '../cloud/directory.ts';
import { type BrokerUser, definitions } from './broker-users.ts';
import { accountOf, type Daemon, type TlsListener, untilListening, writeTlsFiles } from './daemon.ts';
import type { PrivatePorts } from './ports.ts';

export interface RabbitmqOptions {
  /** Absolute; the broker is in its directory `rabbitmq`. */
  readonly path: string;
  readonly id: string;
  readonly ports: Pick<PrivatePorts, 'rabbitmq' | 'distribution' | 'epmd'>;
  readonly users: readonly BrokerUser[];
  /** Absent: at 127.0.0.1, without TLS. */
  readonly listener?: TlsListener;
}

export const epmd = ({ path, ports }: Pick<RabbitmqOptions, 'path' | 'ports'>): Daemon => {
  const account = accountOf('rabbitmq', path);
  return {
    name: 'epmd',
    argv: ['/usr/bin/epmd', '-port', String(ports.epmd), '-address', '127.0.0.1'],
    ...(account ? { account } : {}),
    ready: () => untilListening(ports.epmd),
  };
};

export function rabbitmq(options: RabbitmqOptions): Daemon {
  const { path, ports, users, listener } = options;
  const home = join(path, 'rabbitmq');
  const account = accountOf('rabbitmq', path);
  const files = {
    'rabbitmq.conf': configuration(ports.rabbitmq, home, listener),
    'definitions.json': definitions(users),
    enabled_plugins: '[].\n',
    'env.conf': '',
  };
  return {
    name: 'rabbitmq',
    argv: ['/usr/lib/rabbitmq/bin/rabbitmq-server'],
    environment: environmentOf(options, home),
    ...(account ? { account } : {}),
    prepare: async () => {
      mkdirSync(home, { recursive: true, mode: 0o700 });
      for (const [file, text] of Object.entries(files)) writeOnce(join(home, file), text, 0o600);
      if (listener) writeTlsFiles(home, listener, account);
      if (account)
        for (const file of ['.', ...Object.keys(files)]) chownSync(join(home, file), account.uid, account.gid);
    },
    ready: () => untilListening(ports.rabbitmq, listener?.address),
  };
}

/** Users are loaded from a file at each start, so that no password is in a command line. */
const configuration = (
  port: number,
  home: string,
  listener: TlsListener | undefined,
) => `${listenerLines(port, home, listener)}
load_definitions = ${join(home, 'definitions.json')}
log.console = true
log.console.level = warning
log.file = false
disk_free_limit.absolute = 64MB
cluster_formation.peer_discovery_backend = classic_config
`;

const listenerLines = (port: number, home: string, listener: TlsListener | undefined): string =>
  listener
    ? `listeners.tcp = none
listeners.ssl.1 = ${listener.address}:${port}
ssl_options.cacertfile = ${join(home, 'ca.crt')}
ssl_options.certfile = ${join(home, 'tls.crt')}
ssl_options.keyfile = ${join(home, 'tls.key')}
ssl_options.verify = verify_none
ssl_options.versions.1 = tlsv1.3
ssl_options.versions.2 = tlsv1.2`
    : `listeners.tcp.1 = 127.0.0.1:${port}`;

/** Creates or updates users of the running broker; others stay. Their passwords are in a file of its account. */
export async function importUsers(options: RabbitmqOptions): Promise<void> {
  const file = join(options.path, 'rabbitmq', 'joining.json');
  const account = accountOf('rabbitmq', options.path);
  writeOnce(file, definitions(options.users), 0o600);
  if (account) chownSync(file, account.uid, account.gid);
  try {
    await control(options, 'import_definitions', file);
  } finally {
    rmSync(file, { force: true });
  }
}

/** The broker closes the connections of the user. Does nothing when there is no such user. */
export async function deleteBrokerUser(options: RabbitmqOptions, user: string): Promise<void> {
  await control(options, 'delete_user', user).catch((error: unknown) => {
    if (!(error instanceof CommandFailed) || !/no_such_user|does not exist/i.test(error.message)) throw error;
  });
}

async function control(options: RabbitmqOptions, ...args: readonly string[]): Promise<void> {
  const home = join(options.path, 'rabbitmq');
  const env = { ...environmentOf(options, home), RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '' };
  await run(['/usr/lib/rabbitmq/bin/rabbitmqctl', ...args], { env, cwd: home, ...accountOf('rabbitmq', options.path) });
}

const environmentOf = ({ id, ports }: RabbitmqOptions, home: string) => ({
  HOME: home, // Erlang keeps its cookie here
  RABBITMQ_NODENAME: `wattle-${id}@localhost`,
  RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq.conf'),
  RABBITMQ_CONF_ENV_FILE: join(home, 'env.conf'),
  RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'enabled_plugins'),
  RABBITMQ_MNESIA_BASE: join(home, 'data'),
  RABBITMQ_LOG_BASE: join(home, 'log'),
  RABBITMQ_PID_FILE: join(home, 'pid'),
  RABBITMQ_DIST_PORT: String(ports.distribution),
  ERL_CRASH_DUMP: join(home, 'erl_crash.dump'),
  RABBITMQ_ALLOW_INPUT: '1', // without it the start script leaves a shell as the parent of the broker, which does not pass signals on
  RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-noinput -kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none',
  ERL_EPMD_PORT: String(ports.epmd),
  ERL_EPMD_ADDRESS: '127.0.0.1',
  LC_ALL: 'C.UTF-8',
});
