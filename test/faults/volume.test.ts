/** Every workflow of the volume service, killed at any point, completes or leaves nothing. */
import { killAnywhere } from './kill-anywhere.ts';
import { world } from './volume-world.ts';

killAnywhere(
  'K18, K19, K24, K25, K26, K27, K40, K41, K42, K44: volume',
  new URL('./volume-world.ts', import.meta.url).pathname,
  world,
);
