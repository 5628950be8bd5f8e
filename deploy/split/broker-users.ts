/** The users of the broker: one per service, one per agent and host, each with the permissions of its role. */
import { createHash, randomBytes } from 'node:crypto';
import { agentUser } from '#shared/bus/bus.ts';
import { isAgent, type Part, parts } from '../roles.ts';

export interface BrokerUser {
  readonly name: string;
  readonly password: string;
  /** Regular expressions over names of queues and exchanges, in RabbitMQ's form. */
  readonly permissions: Permissions;
}

interface Permissions {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

export const allPermissions: Permissions = { configure: '.*', write: '.*', read: '.*' };

export const brokerUserOf = (part: Part, host: string): string => (isAgent(part) ? agentUser(part, host) : part);

/**
 * Every role may send notifications and calls; the receiver checks the verified sender of a call. Messages for an
 * address, `wattle.ask.<role>.…`, can be read by that role only. Only identity publishes events (audit).
 */
export function permissionsOf(part: Part, host: string): Permissions {
  const calls = `wattle\\.ask\\.${escaped(brokerUserOf(part, host))}\\..*`;
  const declared = isAgent(part) ? [] : ['wattle\\.hints'];
  const events = part === 'identity' ? ['wattle\\.notifications'] : [];
  return {
    configure: anyOf('amq\\.gen.*', calls, ...declared, ...events),
    write: anyOf('amq\\.gen.*', 'amq\\.default', 'wattle\\.hints', ...events),
    read: anyOf('amq\\.gen.*', calls, 'wattle\\.hints', ...events),
  };
}

export const brokerUsers = (host: string, passwordOf: (user: string) => string): BrokerUser[] =>
  parts.map((part) => {
    const name = brokerUserOf(part, host);
    return { name, password: passwordOf(name), permissions: permissionsOf(part, host) };
  });

/** The file that RabbitMQ loads at each start (`load_definitions`): users with hashed passwords, and the shared exchange. */
export const definitions = (users: readonly BrokerUser[]): string =>
  JSON.stringify({
    vhosts: [{ name: '/' }],
    users: users.map(({ name, password }) => ({
      name,
      password_hash: hashed(password),
      hashing_algorithm: 'rabbit_password_hashing_sha256',
      tags: '',
    })),
    permissions: users.map(({ name, permissions }) => ({ user: name, vhost: '/', ...permissions })),
    exchanges: [
      {
        name: 'wattle.hints',
        vhost: '/',
        type: 'direct',
        durable: true,
        auto_delete: false,
        internal: false,
        arguments: {},
      },
    ],
  });

/** In RabbitMQ's form: four bytes of salt, then the SHA-256 of salt and password. */
function hashed(password: string): string {
  const salt = randomBytes(4);
  const digest = createHash('sha256').update(salt).update(password).digest();
  return Buffer.concat([salt, digest]).toString('base64');
}

const anyOf = (...patterns: readonly string[]) => `^(${patterns.join('|')})$`;
const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
