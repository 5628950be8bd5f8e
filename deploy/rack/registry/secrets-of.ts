/** The secrets of a node: those that the parts of its roles read, and no others. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { busSecret } from '#shared/config/cloud.ts';
import { isAgent, type Part } from '../../roles.ts';
import { brokerUserOf } from '../../split/broker-users.ts';
import { partsOfRoles } from '../node-roles.ts';
import type { NodeSpec } from './protocol.ts';

/** The service user that an agent logs in as. */
const loginOf: Partial<Record<Part, string>> = { 'compute-agent': 'nova', 'volume-agent': 'cinder' };

/** The broker users of a node's agents: each node has its own. */
export const agentUsersOf = ({ name, roles }: Pick<NodeSpec, 'name' | 'roles'>): { part: Part; user: string }[] =>
  partsOfRoles(roles)
    .filter(isAgent)
    .map((part) => ({ part, user: brokerUserOf(part, name) }));

/** Names of files in var/secrets. A management node gets those of all services, and the keys of the authorities: it admits nodes. */
export function secretNamesOf(path: string, node: Pick<NodeSpec, 'name' | 'roles'>): string[] {
  const parts = partsOfRoles(node.roles);
  const own = agentUsersOf(node).flatMap(({ part, user }) => [busSecret(user), loginOf[part] ?? []].flat());
  const isShared = (name: string) => !/^bus-.*\./.test(name) && !name.endsWith('.new');
  const shared = parts.every(isAgent) ? [] : readdirSync(join(path, 'secrets')).filter(isShared);
  return [...new Set([...own, ...shared])].toSorted();
}

export const readSecret = (path: string, name: string): string => readFileSync(join(path, 'secrets', name), 'utf8');

/** A digest of each secret that exists: proves that two hosts have the same one, and reveals nothing of random bytes. */
export const digestsOf = (path: string, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    names
      .filter((name) => existsSync(join(path, 'secrets', name)))
      .map((name) => [
        name,
        createHash('sha256')
          .update(`${name}\n${readSecret(path, name)}`)
          .digest('hex'),
      ]),
  );
