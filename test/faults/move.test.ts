import { killAnywhere } from './kill-anywhere.ts';
import { world } from './move-world.ts';

killAnywhere(
  'K01, K02, K03, K04, K30, K32, K33, K34, K38, K39, OSSA-2014-037, OSSA-2015-017, OSSA-2016-011: servers that move',
  new URL('./move-world.ts', import.meta.url).pathname,
  world,
  29,
);
