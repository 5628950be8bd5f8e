/** `npm run openapi`: writes the OpenAPI files that definitions of resources give. */
import { goOn } from './setup/own-node.js';
import { setUp } from './setup/setup.js';

try {
  await setUp('start');
  process.exitCode = await goOn('deploy/openapi/main.ts', process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
