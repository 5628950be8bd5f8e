/** For a cloud on existing MariaDB and RabbitMQ servers: their users as files to import, and the secrets of each host. */
import { join } from 'node:path';
import { busSecret } from '#shared/config/cloud.ts';
import { writeOnce } from '../cloud/directory.ts';
import { type Command, Refusal } from '../command.ts';
import { isAgent, parts } from '../roles.ts';
import { openHome } from '../settings.ts';
import { type BrokerUser, brokerUserOf, definitions } from '../split/broker-users.ts';
import { userStatements } from '../split/mariadb.ts';
import { brokerUsersOf, databaseUsersOf } from '../split/role-users.ts';

const hostName = /^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/;

export const command: Command = async ({ args: hosts }) => {
  if (hosts.length === 0 || !hosts.every((host) => hostName.test(host)))
    throw new Refusal(
      'usage: wattle role-users HOST ..., the names of the hosts that run agents, as printed by `hostname`',
    );
  const { directory } = await openHome();
  const users = new Map<string, BrokerUser>();
  for (const user of hosts.flatMap((host) => brokerUsersOf(directory, host))) users.set(user.name, user);
  const broker = join(directory.path, 'broker-definitions.json');
  const database = join(directory.path, 'database-users.sql');
  writeOnce(broker, definitions([...users.values()]), 0o600);
  writeOnce(database, userStatements(databaseUsersOf(directory), '%'), 0o600);
  const secrets = (host: string) => parts.filter(isAgent).map((part) => busSecret(brokerUserOf(part, host)));
  const lines = [
    `RabbitMQ:  rabbitmqctl import_definitions ${broker}`,
    `MariaDB:   mariadb < ${database}`,
    ...hosts.map(
      (host) => `${host}:  copy those of its roles from ${join(directory.path, 'secrets')}: ${secrets(host).join(' ')}`,
    ),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
};
