import { silentMs } from '#shared/bus/bus.ts';
import type { Network } from '../context.ts';
import type { Host } from './store.ts';

/** True when the host has not reported for awayMs, during which the bus worked. */
export const isAway = ({ bus, config }: Pick<Network, 'bus' | 'config'>, { seenAt }: Host): boolean =>
  silentMs(bus, Number(seenAt)) > config.awayMs;
