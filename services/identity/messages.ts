import type { Off } from '#shared/bus/bus.ts';
import { trustChanged } from '#shared/service/trust.ts';
import type { Identity } from './context.ts';
import type { OwnTrust } from './keys/trust.ts';

/** Another process of identity has written a key or a revocation. */
export const openMessages = ({ bus, log }: Identity, trust: OwnTrust): Off[] => [
  bus.onHint(trustChanged, () => {
    trust.refresh().catch((error) => log.warn({ error }, 'revocations could not be read, the next look will'));
  }),
];
