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
  const lines = (await readFile(path, 'utf8')).split('\n').map((line) => line.trim());
  const first = (pattern: RegExp) => lines.map((line) => pattern.exec(line)?.[1]).find((found) => found !== undefined);
  const user = first(/^\[client\.([A-Za-z0-9._-]+)\]$/);
  const key = first(/^key ?= ?([A-Za-z0-9+/]+=*)$/);
  if (user === undefined || key === undefined) throw new Error(`${path} has no client with a key`);
  return { user, key };
}
