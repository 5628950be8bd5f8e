/** `npm run test:tempest -- identity`: sets up what it needs, then runs test/tempest/main.ts. */
import { runOnOwnNode } from './setup/own-node.js';
import { setUp } from './setup/setup.js';

try {
  await setUp('start');
  process.exitCode = await runOnOwnNode('test/tempest/main.ts', process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
