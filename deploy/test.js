/** `npm test`: sets up what the tests need, and then runs testing/main.ts. Arguments after -- select test files by path. */
import { runOnOwnNode } from './setup/own-node.js';
import { setUp } from './setup/setup.js';

try {
  await setUp(process.argv.slice(2).some((path) => path.includes('test/ceph')) ? 'ceph' : 'test');
  process.exitCode = await runOnOwnNode('deploy/testing/main.ts', process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
