/** `npm run package:deb` and `npm run package:npm`: build the packages of a commit. */
import { runOnOwnNode } from './setup/own-node.js';
import { setUp } from './setup/setup.js';

try {
  await setUp('package');
  process.exitCode = await runOnOwnNode('deploy/package/main.ts', process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
