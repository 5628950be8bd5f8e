import type { Off } from '#shared/bus/bus.ts';
import { tokenKeysChanged } from '#shared/service/token-keys.ts';
import type { Identity } from './context.ts';
import type { OwnTokenKeys } from './keys/token-keys.ts';

/** Another process of identity has written a key or a revocation. */
export const openMessages = ({ bus, log }: Identity, tokenKeys: OwnTokenKeys): Off[] => [
  bus.onNotify(tokenKeysChanged, () => {
    tokenKeys
      .refresh()
      .catch((error) => log.warn({ error }, 'keys and revocations could not be read; the timer reads them again'));
  }),
];
