import { silentMs } from '#shared/bus/bus.ts';
import type { Network } from '../context.ts';
import type { Host } from './store.ts';

/** Silent for too long, while it could have been heard. */
export const isAway = ({ bus, config }: Pick<Network, 'bus' | 'config'>, { seenAt }: Host): boolean =>
  silentMs(bus, Number(seenAt)) > config.awayMs;
