/** Identity judges tokens as all others do, by the same document. */
import type { Knex } from 'knex';
import { openTrust } from '#shared/auth/trust.ts';
import type { News } from '../context.ts';
import { openNews } from './news.ts';
import { findActiveKey, findEpoch, readTrust, type SigningKey } from './store.ts';

export interface OwnTrust extends ReturnType<typeof openTrust> {
  /** Looks whether the database says something new. */
  refresh(): Promise<void>;
  signingKey(): SigningKey;
  readonly news: News;
}

export async function openOwnTrust(db: Knex): Promise<OwnTrust> {
  const trust = openTrust();
  const news = openNews();
  let key = await findActiveKey(db);
  const refresh = async () => {
    if ((await findEpoch(db)) === trust.epoch()) return;
    trust.update(await readTrust(db, { since: trust.since() }));
    key = await findActiveKey(db);
    news.tell();
  };
  await refresh();
  return { ...trust, refresh, signingKey: () => key, news };
}
