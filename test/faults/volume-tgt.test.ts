/** An attachment killed at any point leaves no target and no account in a real tgtd. */
import { spawnSync } from 'node:child_process';
import { killAnywhere } from './kill-anywhere.ts';
import { world } from './volume-tgt-world.ts';

if (spawnSync('tgtd', ['--version']).error === undefined)
  killAnywhere('K19, K24, K25: volume on tgt', new URL('./volume-tgt-world.ts', import.meta.url).pathname, world);
