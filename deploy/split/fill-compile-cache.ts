/** Loads every part and ends: what it leaves is the compile cache. */
import { flushCompileCache } from 'node:module';
import { loadPart, parts } from '../roles.ts';

await Promise.all([import('../commands/start.ts'), import('../processes/run-roles.ts'), ...parts.map(loadPart)]);
flushCompileCache();
process.exit();
