/**
 * Runs on the project's own Node. Enables the compile cache before every other import: it halves memory and start time.
 * Plain JavaScript, since TypeScript imported before the cache is enabled loads the compiler: 17 MB in every process.
 */
import { enableCompileCache } from 'node:module';
import { installResolver } from './setup/module-resolver.js';
import { compileCache } from './setup/paths.js';

enableCompileCache(compileCache);
installResolver();
const { wattle } = await import('./cli.ts');
process.exitCode = await wattle(process.argv.slice(2));
