/** One process, or one per role: decided at a cloud's first start, for its rows are in one place or the other. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BadSettings } from '#shared/config/settings.ts';
import { choosePorts, type PrivatePorts } from '../split/ports.ts';
import { type Directory, writeOnce } from './directory.ts';

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
  if (ports) return { ports, defaults: { id: directory.id, ...privateUrls(ports) } };
  if (wantsSplit)
    throw new BadSettings('this cloud is one process since its first start; set WATTLE_VAR for another, or purge it');
  return { defaults: { id: directory.id } };
}

/** Each role logs in there as itself, by the passwords in var/secrets. */
const privateUrls = ({ mariadb, rabbitmq }: PrivatePorts) => ({
  database: `mysql://127.0.0.1:${mariadb}`,
  bus: `amqp://127.0.0.1:${rabbitmq}`,
});
