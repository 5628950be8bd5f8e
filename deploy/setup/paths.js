import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The clone. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** What takes long to make and fits every cloud of this user: the stock client, the guest image. */
export const cache =
  process.env.WATTLE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'wattle');

/** Where the stock client's commands are, once set-up has run. */
export const clientBin = join(cache, 'client', 'bin');

/** Sources as the engine wants them, so that a start compiles nothing twice. */
export const compileCache = join(root, 'node_modules/.cache/node');
