/** Loads every part, writes the compile cache, and exits. */
import { flushCompileCache } from 'node:module';
import { loadPart, parts } from '../roles.ts';

await Promise.all([import('../commands/start.ts'), import('../processes/run-roles.ts'), ...parts.map(loadPart)]);
flushCompileCache();
process.exit();
