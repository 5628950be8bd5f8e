#!/usr/bin/env node
/** The wattle command, also behind `npm start`: sets up what the command needs, then runs main.js. */
import { runOnOwnNode } from './setup/own-node.js';
import { setUp } from './setup/setup.js';

const args = process.argv.slice(2);
const [command = 'help'] = args;
const wantsHelp = args.some((arg) => arg === '--help' || arg === '-h');
const isSplit = command === 'start' && args.includes('--split');
const purpose = wantsHelp ? 'help' : isSplit ? 'split' : command;

try {
  await setUp(purpose);
  process.exitCode = await runOnOwnNode('deploy/main.js', args);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
