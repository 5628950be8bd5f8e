#!/usr/bin/env node
/** The wattle command, also behind `npm start`: sets up what the command needs, then runs main.js. */
import { join } from 'node:path';
import { runOnOwnNode } from './setup/own-node.js';
import { isClone } from './setup/paths.js';
import { setUp } from './setup/setup.js';

const args = process.argv.slice(2);
const [command = 'help'] = args;
const wantsHelp = args.some((arg) => arg === '--help' || arg === '-h');
const isSplit = command === 'start' && args.includes('--split');
const purpose = wantsHelp ? 'help' : isSplit ? 'split' : command;

if (!isClone) setDefaultPlaces();
try {
  await setUp(purpose);
  process.exitCode = await runOnOwnNode('deploy/main.js', args);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

/** A package is replaced by the next one: data and settings are elsewhere. */
function setDefaultPlaces() {
  const isRoot = process.getuid() === 0;
  const {
    HOME = '/',
    XDG_DATA_HOME = join(HOME, '.local/share'),
    XDG_CONFIG_HOME = join(HOME, '.config'),
  } = process.env;
  process.env.WATTLE_VAR ??= isRoot ? '/var/lib/wattle' : join(XDG_DATA_HOME, 'wattle');
  process.env.WATTLE_SETTINGS ??= isRoot ? '/etc/wattle/wattle.yaml' : join(XDG_CONFIG_HOME, 'wattle/wattle.yaml');
}
