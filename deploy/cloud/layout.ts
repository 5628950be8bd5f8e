/** One process, or one per role: decided at a cloud's first start, for its rows are in one place or the other. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BadSettings } from '#shared/config/settings.ts';
import { choosePorts, type PrivatePorts } from '../split/ports.ts';
import { type Directory, ensureSecret, writeOnce } from './directory.ts';

export interface Layout {
  /** The private MariaDB and RabbitMQ, when the roles run apart. */
  readonly ports?: PrivatePorts;
  /** What the layout means for the section `cloud`; wattle.yaml and the environment go before. */
  readonly defaults: Readonly<Record<string, string>>;
}

export async function layoutOf(directory: Directory, wantsSplit: boolean): Promise<Layout> {
  const file = join(directory.path, 'layout.json');
  if (!existsSync(file)) writeOnce(file, JSON.stringify(wantsSplit ? { ports: await choosePorts() } : {}), 0o644);
  const { ports } = JSON.parse(readFileSync(file, 'utf8')) as { ports?: PrivatePorts };
  if (ports) return { ports, defaults: { id: directory.id, ...privateUrls(directory, ports) } };
  if (wantsSplit)
    throw new BadSettings('this cloud is one process since its first start; set WATTLE_VAR for another, or purge it');
  return { defaults: { id: directory.id } };
}

function privateUrls({ path }: Directory, { mariadb, rabbitmq }: PrivatePorts) {
  const login = (service: string) => `wattle:${ensureSecret(path, service)}@127.0.0.1`;
  return { database: `mysql://${login('mariadb')}:${mariadb}`, bus: `amqp://${login('rabbitmq')}:${rabbitmq}` };
}
