import { join } from 'node:path';
import { killAnywhere } from './kill-anywhere.ts';
import { world } from './network-world.ts';

killAnywhere('K55: network', join(import.meta.dirname, 'network-world.ts'), world);
