/** A RabbitMQ of this cloud alone, with an epmd (Erlang's directory of nodes) of its own: the usual one is shared and stays for ever. */
import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeOnce } from '../cloud/directory.ts';
import { type BrokerUser, definitions } from './broker-users.ts';
import { accountOf, type Daemon, untilListening } from './daemon.ts';
import type { PrivatePorts } from './ports.ts';

export interface RabbitmqPlace {
  /** Absolute; the broker lives in its folder `rabbitmq`. */
  readonly path: string;
  readonly id: string;
  readonly ports: Pick<PrivatePorts, 'rabbitmq' | 'distribution' | 'epmd'>;
  readonly users: readonly BrokerUser[];
}

export const epmd = ({ path, ports }: Pick<RabbitmqPlace, 'path' | 'ports'>): Daemon => {
  const account = accountOf('rabbitmq', path);
  return {
    name: 'epmd',
    words: ['/usr/bin/epmd', '-port', String(ports.epmd), '-address', '127.0.0.1'],
    ...(account ? { account } : {}),
    ready: () => untilListening(ports.epmd),
  };
};

export function rabbitmq(place: RabbitmqPlace): Daemon {
  const { path, ports, users } = place;
  const home = join(path, 'rabbitmq');
  const account = accountOf('rabbitmq', path);
  const written = {
    'rabbitmq.conf': configuration(ports.rabbitmq, join(home, 'definitions.json')),
    'definitions.json': definitions(users),
    enabled_plugins: '[].\n',
    'env.conf': '',
  };
  return {
    name: 'rabbitmq',
    words: ['/usr/lib/rabbitmq/bin/rabbitmq-server'],
    environment: environmentOf(place, home),
    ...(account ? { account } : {}),
    prepare: async () => {
      mkdirSync(home, { recursive: true, mode: 0o700 });
      for (const [file, words] of Object.entries(written)) writeOnce(join(home, file), words, 0o600);
      if (account)
        for (const file of ['.', ...Object.keys(written)]) chownSync(join(home, file), account.uid, account.gid);
    },
    ready: () => untilListening(ports.rabbitmq),
  };
}

/** Users are read from a file at each start: no password in anybody's argv. */
const configuration = (port: number, definitionsFile: string) => `listeners.tcp.1 = 127.0.0.1:${port}
load_definitions = ${definitionsFile}
log.console = true
log.console.level = warning
log.file = false
disk_free_limit.absolute = 64MB
cluster_formation.peer_discovery_backend = classic_config
`;

const environmentOf = ({ id, ports }: RabbitmqPlace, home: string) => ({
  HOME: home, // where Erlang keeps its cookie
  RABBITMQ_NODENAME: `wattle-${id}@localhost`,
  RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq.conf'),
  RABBITMQ_CONF_ENV_FILE: join(home, 'env.conf'),
  RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'enabled_plugins'),
  RABBITMQ_MNESIA_BASE: join(home, 'data'),
  RABBITMQ_LOG_BASE: join(home, 'log'),
  RABBITMQ_PID_FILE: join(home, 'pid'),
  RABBITMQ_DIST_PORT: String(ports.distribution),
  ERL_CRASH_DUMP: join(home, 'erl_crash.dump'),
  RABBITMQ_ALLOW_INPUT: '1', // or a shell stays between us and the broker, and dies without it
  RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-noinput -kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none',
  ERL_EPMD_PORT: String(ports.epmd),
  ERL_EPMD_ADDRESS: '127.0.0.1',
  LC_ALL: 'C.UTF-8',
});
