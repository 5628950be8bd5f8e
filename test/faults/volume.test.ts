/** Every work of the volume service, cut anywhere, ends whole or leaves nothing. */
import { killAnywhere } from './kill-anywhere.ts';
import { world } from './volume-world.ts';

killAnywhere('volume', new URL('./volume-world.ts', import.meta.url).pathname, world);
