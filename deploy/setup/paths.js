import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The clone. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** What all clouds of this user share and takes long to create: the stock client, the guest image. */
export const cache =
  process.env.WATTLE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'wattle');

/** The commands of the stock client, installed by set-up. */
export const clientBin = join(cache, 'client', 'bin');

/** Node's compile cache. */
export const compileCache = join(root, 'node_modules/.cache/node');
