/** `npm run package:deb [-- --commit REF] [--output DIRECTORY] [--compression gzip|xz]`, `npm run package:npm`: print a path. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../setup/paths.js';
import { buildDeb } from './build-deb.ts';
import { buildNpm } from './build-npm.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    commit: { type: 'string', default: 'HEAD' },
    output: { type: 'string', default: 'dist' },
    compression: { type: 'string', default: 'xz' },
  },
});
const output = resolve(root, values.output);
const build = { deb: buildDeb, npm: buildNpm }[positionals[0] ?? ''];
if (!build) throw new Error('usage: npm run package:deb, or npm run package:npm');
const file = await build({ ...values, output });
process.stdout.write(`${file}\n`);
