import { world } from './compute-world.ts';
import { killAnywhere } from './kill-anywhere.ts';

killAnywhere(
  'K01, K02, K03, K04, K12, K15, K17, K18, K23: compute',
  new URL('./compute-world.ts', import.meta.url).pathname,
  world,
);
