/** The daemons of a management node read renewed certificates while they run; open connections go on. */
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { accountOf, writeTlsFiles } from '../split/daemon.ts';
import { socketOf } from '../split/mariadb.ts';
import { control } from '../split/rabbitmq.ts';
import { administratorOf, brokerOptions, listenerOf } from './backends.ts';
import { ensurePeerCertificate } from './certificates.ts';
import type { NodeFile } from './node-directory.ts';

export async function reloadTls(path: string, node: NodeFile): Promise<void> {
  const peerTls = await ensurePeerCertificate(path, node);
  for (const [folder, user] of [
    ['mariadb', 'mysql'],
    ['rabbitmq', 'rabbitmq'],
  ] as const) {
    const account = accountOf(user, path);
    writeTlsFiles(join(path, folder), listenerOf(path, node), account);
    writeTlsFiles(join(path, folder), peerTls, account, 'peer');
  }
  await reloadDatabase(path);
  await control(brokerOptions(path, node, []), 'eval', 'ssl:clear_pem_cache().');
}

async function reloadDatabase(path: string): Promise<void> {
  const { name, password } = administratorOf(path);
  const db = await createConnection({ socketPath: socketOf(path), user: name, password });
  try {
    await db.query('FLUSH LOCAL SSL');
    await db.query("SET GLOBAL wsrep_provider_options = 'socket.ssl_reload=1'");
  } finally {
    await db.end();
  }
}
