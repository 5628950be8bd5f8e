/** `npm run test:swift -- functional`: sets up what it needs, then runs test/swift/main.ts. */
import { runOnOwnNode } from './setup/own-node.js';
import { setUp } from './setup/setup.js';

try {
  await setUp('start');
  process.exitCode = await runOnOwnNode('test/swift/main.ts', process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
