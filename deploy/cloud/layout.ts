/** One process, or one per role: fixed by the first start of a cloud, since each layout has its own database. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BadSettings } from '#shared/config/settings.ts';
import { choosePorts, type PrivatePorts } from '../split/ports.ts';
import { type Directory, writeOnce } from './directory.ts';

export interface Layout {
  /** Ports of the private MariaDB and RabbitMQ, in the split layout. */
  readonly ports?: PrivatePorts;
  /** Defaults for the section `cloud`; wattle.yaml and the environment override them. */
  readonly defaults: Readonly<Record<string, string>>;
}

export async function layoutOf(directory: Directory, wantsSplit: boolean): Promise<Layout> {
  const file = join(directory.path, 'layout.json');
  if (!existsSync(file)) writeOnce(file, JSON.stringify(wantsSplit ? { ports: await choosePorts() } : {}), 0o644);
  const { ports } = JSON.parse(readFileSync(file, 'utf8')) as { ports?: PrivatePorts };
  if (ports) return { ports, defaults: { id: directory.id, ...privateUrls(ports) } };
  if (wantsSplit)
    throw new BadSettings('this cloud was first started as one process; set WATTLE_VAR to create another, or purge it');
  return { defaults: { id: directory.id } };
}

/** Without a user: each role logs in as itself, with its password in var/secrets. */
const privateUrls = ({ mariadb, rabbitmq }: PrivatePorts) => ({
  database: `mysql://127.0.0.1:${mariadb}`,
  bus: `amqp://127.0.0.1:${rabbitmq}`,
});
