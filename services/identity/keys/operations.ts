/**
 * The operations of `wattle keys`. They work with and without the running service, which sees a change within a
 * second.
 */
import { join } from 'node:path';
import { databaseOf, readCloud } from '#shared/config/cloud.ts';
import type { Settings } from '#shared/config/settings.ts';
import { openDatabase } from '#shared/db/open.ts';
import { openSealer } from '#shared/seal/key-file.ts';
import { section } from '../config.ts';
import { resealAll } from '../credentials/operations.ts';
import { resealOptions } from '../domain-config/secrets.ts';
import { listKeys, rotateKeys } from './store.ts';

export interface KeySummary {
  readonly kid: string;
  readonly state: string;
  readonly madeAt: number;
}

export interface KeyRing {
  list(): Promise<readonly KeySummary[]>;
  /** The staged key becomes active and the active one retired; valid tokens stay valid. */
  rotateTokens(): Promise<void>;
  /** Makes a new credential key; resolves with the number of secrets sealed by it. */
  rotateCredentials(): Promise<number>;
  close(): Promise<void>;
}

export function openKeyRing(settings: Settings): KeyRing {
  const cloud = readCloud(settings);
  const config = settings.read('identity', section);
  const db = openDatabase(config.database || databaseOf(cloud, 'identity'));
  const livesMs = (config.tokenSeconds + config.allowExpiredSeconds) * 1000;
  return {
    list: () => listKeys(db),
    rotateTokens: () => db.transaction((tx) => rotateKeys(tx, livesMs)),
    rotateCredentials: async () => {
      const sealer = openSealer(join(cloud.var, 'secrets', 'credential-keys'));
      sealer.rotate();
      return (await resealAll(db, sealer)) + (await resealOptions(db, sealer));
    },
    close: () => db.destroy(),
  };
}
