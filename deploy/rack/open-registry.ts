/** The registry as a command on a management node uses it. */
import { databaseOf } from '#shared/config/cloud.ts';
import { Refusal } from '../command.ts';
import { getHome, type Home } from '../settings.ts';
import { getNodeFile, type NodeFile } from './node-directory.ts';
import { isManagement } from './peers.ts';
import { openRegistry, type Registry } from './registry/store.ts';
import { trustCloud } from './trust.ts';

export interface LocalRegistry {
  readonly registry: Registry;
  readonly home: Home;
  readonly node: NodeFile;
  readonly path: string;
}

/** Throws Refusal on nodes without the role management, and when the cloud is not running. */
export async function withRegistry<T>(work: (local: LocalRegistry) => Promise<T>): Promise<T> {
  const home = await getHome();
  const { path } = home.directory;
  const node = getNodeFile(path);
  if (!isManagement(node)) throw new Refusal(`run this on a management node of the cloud: ${node.registry} is one`);
  trustCloud(path, { onlyCloud: true });
  const registry = await openRegistry(databaseOf(home.cloud, 'registry')).catch((cause: Error) => {
    throw new Refusal(`the database of the cloud does not answer (${cause.message}); is it running? wattle start`, {
      cause,
    });
  });
  try {
    return await work({ registry, home, node, path });
  } finally {
    await registry.close();
  }
}
