/** The cephx user that guests of this host reach RBD volumes as. */
import { readFile } from 'node:fs/promises';

export interface CephKey {
  /** Without `client.`. */
  readonly user: string;
  /** In base64, as Ceph writes it. */
  readonly key: string;
}

/** Reads a keyring file: one user and its key. */
export async function readCephKey(path: string): Promise<CephKey> {
  const text = await readFile(path, 'utf8');
  const [, user] = text.match(/^\s*\[client\.([A-Za-z0-9._-]+)\]\s*$/m) ?? [];
  const [, key] = text.match(/^\s*key\s*=\s*([A-Za-z0-9+/]+=*)\s*$/m) ?? [];
  if (user === undefined || key === undefined) throw new Error(`${path} has no client with a key`);
  return { user, key };
}
