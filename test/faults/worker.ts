/** Runs a scenario of a world and kills itself with SIGKILL at the n-th point it passes: see world.ts. */
import { flushCompileCache } from 'node:module';
import { installResolver } from '../../deploy/setup/module-resolver.js';
import type { World } from './world.ts';

installResolver();
const [file = '', dir = '', story = '', dieAt = ''] = process.argv.slice(2);
const { world } = (await import(file)) as { world: World };
flushCompileCache(); // most runs end before Node would do it
let passed = 0;
await world.live(dir, story, () => {
  passed += 1;
  if (passed === Number(dieAt)) process.kill(process.pid, 'SIGKILL');
});
process.exit(0); // what a service keeps open (timers, sockets) is not waited for
