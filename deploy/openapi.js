/** `npm run openapi`: writes the OpenAPI files that are generated from definitions of resources. */
import { runOnOwnNode } from './setup/own-node.js';
import { setUp } from './setup/setup.js';

try {
  await setUp('openapi');
  process.exitCode = await runOnOwnNode('deploy/openapi/main.ts', process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
