import { every, type Ticker } from '#shared/clock/every.ts';
import { openSender } from './audit/send.ts';
import type { Identity } from './context.ts';
import { forgetRevocations } from './keys/store.ts';
import type { OwnTokenKeys } from './keys/token-keys.ts';
import { forgetEnded } from './oauth/store.ts';
import { forgetUsed } from './replay-protection/store.ts';

/**
 * Every second: reads what other processes wrote, and sends audit events. Every hour: deletes expired OAuth tokens,
 * used nonces, and revocations that no token can match any more.
 */
export function openTimers(identity: Identity, tokenKeys: OwnTokenKeys): Ticker[] {
  const { db, log, config } = identity;
  const forget = () => forgetRevocations(db, Date.now() - config.allowExpiredSeconds * 1000);
  const warn = (error: unknown) => log.warn({ error }, 'a timer of identity failed and runs again at its next tick');
  return [
    every(1_000, tokenKeys.refresh, warn),
    every(1_000, openSender(identity), warn),
    every(3_600_000, async () => void (await forget()), warn),
    every(3_600_000, () => forgetEnded(db, Date.now()), warn),
    every(3_600_000, () => forgetUsed(db, Date.now()), warn),
  ];
}
