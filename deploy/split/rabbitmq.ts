/** A private RabbitMQ of this cloud, with its own epmd (Erlang's node directory): the default epmd is shared and never stops. */
import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeOnce } from '../cloud/directory.ts';
import { type BrokerUser, definitions } from './broker-users.ts';
import { accountOf, type Daemon, untilListening } from './daemon.ts';
import type { PrivatePorts } from './ports.ts';

export interface RabbitmqOptions {
  /** Absolute; the broker is in its directory `rabbitmq`. */
  readonly path: string;
  readonly id: string;
  readonly ports: Pick<PrivatePorts, 'rabbitmq' | 'distribution' | 'epmd'>;
  readonly users: readonly BrokerUser[];
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
  const { path, ports, users } = options;
  const home = join(path, 'rabbitmq');
  const account = accountOf('rabbitmq', path);
  const files = {
    'rabbitmq.conf': configuration(ports.rabbitmq, join(home, 'definitions.json')),
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
      if (account)
        for (const file of ['.', ...Object.keys(files)]) chownSync(join(home, file), account.uid, account.gid);
    },
    ready: () => untilListening(ports.rabbitmq),
  };
}

/** Users are loaded from a file at each start, so that no password is in a command line. */
const configuration = (port: number, definitionsFile: string) => `listeners.tcp.1 = 127.0.0.1:${port}
load_definitions = ${definitionsFile}
log.console = true
log.console.level = warning
log.file = false
disk_free_limit.absolute = 64MB
cluster_formation.peer_discovery_backend = classic_config
`;

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
