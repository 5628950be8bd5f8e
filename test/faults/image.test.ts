import { join } from 'node:path';
import { world } from './image-world.ts';
import { killAnywhere } from './kill-anywhere.ts';

killAnywhere('K28, K29: image', join(import.meta.dirname, 'image-world.ts'), world);
