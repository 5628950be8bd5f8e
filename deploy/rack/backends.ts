/** Database and bus of a rack: a server of each on every management node, with TLS at the address of the node. */
import { hkdfSync } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { busSecret, databaseSecret, schemaOf } from '#shared/config/cloud.ts';
import { ensureSecret } from '../cloud/directory.ts';
import { isAgent, type Part, parts } from '../roles.ts';
import { type BrokerUser, permissionsOf } from '../split/broker-users.ts';
import type { TlsListener } from '../split/daemon.ts';
import type { DatabaseUser, MariadbOptions } from '../split/mariadb.ts';
import { deleteBrokerUser, type RabbitmqOptions } from '../split/rabbitmq.ts';
import { ensurePeerCertificate, readTls } from './certificates.ts';
import { galeraLines } from './galera.ts';
import type { NodeFile } from './node-directory.ts';
import { readPeers } from './peers.ts';
import type { NodeSpec } from './registry/protocol.ts';
import { agentUsersOf } from './registry/secrets-of.ts';

export const backendPorts = { mariadb: 3306, rabbitmq: 5671, distribution: 25_671, epmd: 4371 };

export const listenerOf = (path: string, { address }: Pick<NodeFile, 'address'>): TlsListener => ({
  address,
  ca: readTls(path, 'ca.crt'),
  certificate: readTls(path, 'node.crt'),
  key: readTls(path, 'node.key'),
});

/** The schema of the registry is one more beside those of the services. */
const schemas = (): string[] => [...parts.filter((part) => !isAgent(part)), 'registry'];

/**
 * The secret of a service, equal on all management nodes: a release may bring a service after they have joined, so it follows from
 * one that they have.
 */
function ensureShared(path: string, name: string): string {
  const known = ensureSecret(path, databaseSecret('administrator'));
  return ensureSecret(path, name, () => Buffer.from(hkdfSync('sha256', known, '', name, 18)).toString('base64url'));
}

/** Logs in at the server of its own node only. */
export const administratorOf = (path: string): DatabaseUser => ({
  name: 'wattle_administrator',
  password: ensureSecret(path, databaseSecret('administrator')),
});

/** The database of a node without its peers. */
export const standaloneOptions = (path: string, node: NodeFile): MariadbOptions => ({
  path,
  port: backendPorts.mariadb,
  users: schemas().map((name): DatabaseUser => {
    const schema = schemaOf(name);
    return { name: schema, password: ensureShared(path, databaseSecret(name)), schema };
  }),
  listener: listenerOf(path, node),
  administrator: administratorOf(path),
});

export const databaseOptions = (path: string, node: NodeFile): MariadbOptions => ({
  ...standaloneOptions(path, node),
  configure: (place) =>
    galeraLines(
      {
        name: `wattle-${node.cloudId}`,
        address: node.address,
        peers: () => readPeers(path, node).map(({ address }) => address),
        administrator: administratorOf(path),
        peerTls: () => ensurePeerCertificate(path, node),
      },
      place,
    ),
});

export const brokerOptions = (path: string, node: NodeFile, users?: readonly BrokerUser[]): RabbitmqOptions => ({
  path,
  id: node.cloudId,
  ports: backendPorts,
  users: users ?? [...serviceUsers(path), ...agentUsersToLoad(path, node)],
  listener: listenerOf(path, node),
  cluster: {
    name: node.name,
    peers: () => readPeers(path, node),
    secret: ensureSecret(path, 'bus-cookie'),
    peerTls: () => ensurePeerCertificate(path, node),
  },
});

const userOf = (path: string, part: Part, host: string, name: string): BrokerUser => ({
  name,
  password: isAgent(part) ? ensureSecret(path, busSecret(name)) : ensureShared(path, busSecret(name)),
  permissions: permissionsOf(part, host),
});

const serviceUsers = (path: string): BrokerUser[] =>
  parts.filter((part) => !isAgent(part)).map((part) => userOf(path, part, '', part));

/** The agents of a node. */
export const nodeUsers = (path: string, node: Pick<NodeSpec, 'name' | 'roles'>): BrokerUser[] =>
  agentUsersOf(node).map(({ part, user }) => userOf(path, part, node.name, user));

/** A broker with peers knows the agents from them: the files of this node may be older than a join or removal at another one. */
const agentUsersToLoad = (path: string, node: NodeFile): BrokerUser[] =>
  readPeers(path, node).length > 1 && existsSync(join(path, 'rabbitmq', 'data')) ? [] : knownAgentUsers(path);

/** Every agent that has joined has a file `bus-<agent>.<node>`. */
const knownAgentUsers = (path: string): BrokerUser[] =>
  readdirSync(join(path, 'secrets')).flatMap((file) => {
    const [, agent = '', host = ''] = /^bus-([a-z-]+)\.([a-z0-9-]+)$/.exec(file) ?? [];
    const part = parts.find((each) => each === agent);
    return part && isAgent(part) ? [userOf(path, part, host, `${agent}.${host}`)] : [];
  });

/** Generates the passwords of all users of the database and the broker, those of the node included. Idempotent. */
export function ensurePasswords(path: string, node: NodeFile): void {
  for (const name of schemas()) ensureShared(path, databaseSecret(name));
  ensureSecret(path, 'bus-cookie');
  for (const { name } of [...serviceUsers(path), ...nodeUsers(path, node)]) ensureSecret(path, busSecret(name));
}

/** The broker ends the connections of the agents of a node, and their passwords are deleted. */
export async function revokeNodeUsers(
  path: string,
  first: NodeFile,
  node: Pick<NodeSpec, 'name' | 'roles'>,
): Promise<void> {
  const options = brokerOptions(path, first, []);
  for (const { user } of agentUsersOf(node)) {
    await deleteBrokerUser(options, user);
    rmSync(join(path, 'secrets', busSecret(user)), { force: true });
  }
}
