/** Hashes and verifies passwords off the event loop, a few at a time, in every format that is accepted. */
import type { Hasher } from '../context.ts';
import { argonCheck, argonCost, argonHash, type Cost } from './argon.ts';
import { fairSemaphore } from './fair-semaphore.ts';
import { importedCheck } from './imported.ts';
import { openKnownSecrets } from './known-secrets.ts';

export function openHasher({ memory, passes, atOnce }: Cost & { readonly atOnce: number }): Hasher {
  const queued = fairSemaphore(atOnce, atOnce * 16);
  const known = openKnownSecrets();
  const hash = (password: string) => queued(() => argonHash(password, { memory, passes }));
  const verify = async (password: string, encoded: string | null) => {
    if (encoded !== null && known.isRight(password, encoded)) return true;
    return queued(async () => {
      const check = encoded === null ? undefined : (argonCheck(encoded) ?? importedCheck(encoded));
      if (check) return check(password);
      await argonHash(password, { memory, passes });
      return false;
    });
  };
  const isCurrent = (encoded: string) => {
    const cost = argonCost(encoded);
    return cost?.memory === memory && cost.passes === passes;
  };
  return {
    hash,
    verify,
    isCurrent,
    learn: known.learn,
    isImportable: (encoded) => importedCheck(encoded) !== undefined,
  };
}
