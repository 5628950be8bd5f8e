/** `npm run test:tempest -- identity`: sets up what it needs, and goes on in test/tempest/. */
import { goOn } from './setup/own-node.js';
import { setUp } from './setup/setup.js';

try {
  await setUp('start');
  process.exitCode = await goOn('test/tempest/main.ts', process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
