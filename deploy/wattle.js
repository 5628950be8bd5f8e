#!/usr/bin/env node
/** The wattle command, also behind `npm start`: sets up what the command needs, and goes on in main.js. */
import { goOn } from './setup/own-node.js';
import { setUp } from './setup/setup.js';

const args = process.argv.slice(2);
const [command = 'help'] = args;
const purpose = command === 'start' && args.includes('--split') ? 'split' : command;

try {
  await setUp(purpose);
  process.exitCode = await goOn('deploy/main.js', args);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
