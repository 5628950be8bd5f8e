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
  /** Present: a node of a cluster. */
  readonly cluster?: BrokerCluster;
}

/** Nodes of a cluster connect to each other with TLS, on both sides with a certificate of `peerTls`, and a shared secret. */
export interface BrokerCluster {
  /** Of this host, among its peers. */
  readonly name: string;
  /** All nodes, this one included; read before each start. */
  readonly peers: () => readonly BrokerPeer[];
  /** Erlang calls it a cookie. */
  readonly secret: string;
  readonly peerTls: () => Promise<TlsListener>;
}

export interface BrokerPeer {
  readonly name: string;
  readonly address: string;
}

type EpmdOptions = Pick<RabbitmqOptions, 'path' | 'ports' | 'cluster' | 'listener'>;

export const epmd = ({ path, ports, cluster, listener }: EpmdOptions): Daemon => {
  const account = accountOf('rabbitmq', path);
  const address = (cluster && listener?.address) ?? '127.0.0.1'; // it listens at the loopback address too
  return {
    name: 'epmd',
    argv: ['/usr/bin/epmd', '-port', String(ports.epmd), '-address', address],
    ...(account ? { account } : {}),
    ready: () => untilListening(ports.epmd, address),
  };
};

export function rabbitmq(options: RabbitmqOptions): Daemon {
  const { path, ports, users, listener, cluster } = options;
  const home = join(path, 'rabbitmq');
  const account = accountOf('rabbitmq', path);
  const filesOf = () => ({
    'rabbitmq.conf': configuration(options, home),
    'definitions.json': definitions(users),
    enabled_plugins: '[].\n',
    'env.conf': '',
    ...(cluster ? clusterFiles(home, cluster) : {}),
  });
  return {
    name: 'rabbitmq',
    argv: ['/usr/lib/rabbitmq/bin/rabbitmq-server'],
    environment: environmentOf(options, home),
    ...(account ? { account } : {}),
    prepare: async () => {
      mkdirSync(home, { recursive: true, mode: 0o700 });
      const files = filesOf();
      for (const [file, text] of Object.entries(files))
        writeOnce(join(home, file), text, file === '.erlang.cookie' ? 0o400 : 0o600);
      if (listener) writeTlsFiles(home, listener, account);
      if (cluster) writeTlsFiles(home, await cluster.peerTls(), account, 'peer');
      if (account)
        for (const file of ['.', ...Object.keys(files)]) chownSync(join(home, file), account.uid, account.gid);
    },
    ready: () => untilListening(ports.rabbitmq, listener?.address),
  };
}

/** Users are loaded from a file at each start, so that no password is in a command line. */
const configuration = (
  { id, ports, listener, cluster }: RabbitmqOptions,
  home: string,
) => `${listenerLines(ports.rabbitmq, home, listener)}
load_definitions = ${join(home, 'definitions.json')}
log.console = true
log.console.level = warning
log.file = false
disk_free_limit.absolute = 64MB
cluster_formation.peer_discovery_backend = classic_config
${cluster ? clusterLines(id, cluster) : ''}`;

/** Of three nodes one that was cut off pauses itself. Of two neither would go on, so both do, and one forgets what it did. */
const clusterLines = (id: string, { peers }: BrokerCluster): string =>
  [
    ...peers().map(({ name }, at) => `cluster_formation.classic_config.nodes.${at + 1} = ${nodeOf(id, name)}`),
    'cluster_formation.discovery_retry_limit = 600',
    'cluster_formation.discovery_retry_interval = 1000',
    `cluster_partition_handling = ${partitionHandling(peers().length)}`,
    'mnesia_table_loading_retry_timeout = 10000',
    '',
  ].join('\n');

export const partitionHandling = (nodes: number): string => (nodes > 2 ? 'pause_minority' : 'autoheal');

const nodeOf = (id: string, name: string): string => `wattle-${id}@${name}`;

/** Names of nodes are resolved by Erlang itself: they need not be in DNS or /etc/hosts. */
const clusterFiles = (home: string, { peers, secret }: BrokerCluster) => ({
  '.erlang.cookie': secret,
  inetrc: `{lookup, [file, native]}.\n${peers()
    .map(({ name, address }) => `{host, {${address.replaceAll('.', ',')}}, ["${name}"]}.\n`)
    .join('')}`,
  'peers.config': `[{server, [${peerTlsTerms(home)}, {fail_if_no_peer_cert, true}]}, {client, [${peerTlsTerms(home)}]}].\n`,
});

const peerTlsTerms = (home: string): string =>
  [
    `{cacertfile, "${join(home, 'peer-ca.crt')}"}`,
    `{certfile, "${join(home, 'peer.crt')}"}`,
    `{keyfile, "${join(home, 'peer.key')}"}`,
    '{verify, verify_peer}',
  ].join(', ');

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

/** Runs a command of RabbitMQ's own tools on the running broker; returns its output. Throws CommandFailed. */
export async function control(options: RabbitmqOptions, ...args: readonly string[]): Promise<string> {
  const home = join(options.path, 'rabbitmq');
  const env = { ...environmentOf(options, home), RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '' };
  const tool = args[0] === 'grow' ? 'rabbitmq-queues' : 'rabbitmqctl';
  const argv = [`/usr/lib/rabbitmq/bin/${tool}`, ...args];
  return (await run(argv, { env, cwd: home, timeoutMs: 60_000, ...accountOf('rabbitmq', options.path) })).stdout;
}

/** Removes a node that is down for good from the cluster. Does nothing when it is not there. */
export const forgetBroker = async (options: RabbitmqOptions, name: string): Promise<void> => {
  await control(options, 'forget_cluster_node', nodeOf(options.id, name)).catch((error: unknown) => {
    if (!(error instanceof CommandFailed) || !/not_a_cluster_node/.test(error.message)) throw error;
  });
};

/** One scheduler, and tables for the few processes and sockets of a small cloud: 22 MB less, and no spinning. */
const small = '+S 1:1 +SDcpu 1:1 +SDio 1 +P 65536 +Q 16384 +sbwt none';

function environmentOf({ id, ports, cluster, listener }: RabbitmqOptions, home: string): Record<string, string> {
  const address = (cluster && listener?.address) ?? '127.0.0.1';
  const interfaces = `-kernel inet_dist_use_interface {${address.replaceAll('.', ',')}}`;
  const secured = cluster ? ` -proto_dist inet_tls -ssl_dist_optfile ${join(home, 'peers.config')}` : '';
  return {
    HOME: home, // Erlang keeps its cookie here
    RABBITMQ_NODENAME: nodeOf(id, cluster?.name ?? 'localhost'),
    RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq.conf'),
    RABBITMQ_CONF_ENV_FILE: join(home, 'env.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(home, 'data'),
    RABBITMQ_LOG_BASE: join(home, 'log'),
    RABBITMQ_PID_FILE: join(home, 'pid'),
    RABBITMQ_DIST_PORT: String(ports.distribution),
    ERL_CRASH_DUMP: join(home, 'erl_crash.dump'),
    RABBITMQ_ALLOW_INPUT: '1', // without it the start script leaves a shell as the parent of the broker, which does not pass signals on
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-noinput ${interfaces} ${small}${secured}`,
    ERL_EPMD_PORT: String(ports.epmd),
    ERL_EPMD_ADDRESS: address,
    LC_ALL: 'C.UTF-8',
    ...(cluster ? { ERL_INETRC: join(home, 'inetrc'), RABBITMQ_CTL_ERL_ARGS: secured } : {}),
  };
}
