/** `npm test`: sets up what the tests need, and goes on in testing/main.ts. Words after -- name the files to run. */
import { goOn } from './setup/own-node.js';
import { setUp } from './setup/setup.js';

try {
  await setUp('test');
  process.exitCode = await goOn('deploy/testing/main.ts', process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
