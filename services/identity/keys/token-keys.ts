/** Identity verifies tokens by the same document as the other services, read from its own database. */
import type { Knex } from 'knex';
import { openTokenKeys } from '#shared/auth/token-keys.ts';
import type { Changes } from '../context.ts';
import { openChanges } from './changes.ts';
import { getActiveKey, getEpoch, readTokenKeys, type SigningKey } from './store.ts';

export interface OwnTokenKeys extends ReturnType<typeof openTokenKeys> {
  /** Reads the document again when the epoch has changed. */
  refresh(): Promise<void>;
  signingKey(): SigningKey;
  readonly changes: Changes;
}

export async function openOwnTokenKeys(db: Knex): Promise<OwnTokenKeys> {
  const tokenKeys = openTokenKeys();
  const changes = openChanges();
  let key = await getActiveKey(db);
  const refresh = async () => {
    if ((await getEpoch(db)) === tokenKeys.epoch()) return;
    tokenKeys.update(await readTokenKeys(db, { since: tokenKeys.since() }));
    key = await getActiveKey(db);
    changes.notify();
  };
  await refresh();
  return { ...tokenKeys, refresh, signingKey: () => key, changes };
}
