import { world } from './compute-world.ts';
import { killAnywhere } from './kill-anywhere.ts';

killAnywhere('compute', new URL('./compute-world.ts', import.meta.url).pathname, world);
