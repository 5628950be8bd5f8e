/** The database and broker users of this cloud's roles, with passwords from var/secrets, generated when missing. */
import { busSecret, databaseSecret, schemaOf } from '#shared/config/cloud.ts';
import { type Directory, ensureSecret } from '../cloud/directory.ts';
import { isAgent, parts } from '../roles.ts';
import { type BrokerUser, brokerUsers } from './broker-users.ts';
import type { DatabaseUser } from './mariadb.ts';

/** Users of every service, and of the agents of one host. */
export const brokerUsersOf = ({ path }: Directory, host: string): BrokerUser[] =>
  brokerUsers(host, (user) => ensureSecret(path, busSecret(user)));

export const databaseUsersOf = ({ path }: Directory): DatabaseUser[] =>
  parts
    .filter((part) => !isAgent(part))
    .map((part) => {
      const schema = schemaOf(part);
      return { name: schema, password: ensureSecret(path, databaseSecret(part)), schema };
    });
