import { existsSync } from 'node:fs';
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

/** A clone, and not a package that has all modules with it. */
export const isClone = existsSync(join(root, 'package-lock.json'));

/** Sources without types, in the npm package: Node strips none below node_modules. */
export const isStripped = existsSync(join(root, 'stripped'));

/** Node's compile cache. A package belongs to root, so each user has it elsewhere. */
export const compileCache = isClone ? join(root, 'node_modules/.cache/node') : join(cache, 'node');
