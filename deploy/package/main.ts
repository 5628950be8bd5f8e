/** `npm run package:deb [-- --commit REF] [--output DIRECTORY] [--compression gzip|xz]`: prints the path of the package. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../setup/paths.js';
import { buildDeb } from './build-deb.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    commit: { type: 'string', default: 'HEAD' },
    output: { type: 'string', default: 'dist' },
    compression: { type: 'string', default: 'xz' },
  },
});
if (positionals[0] !== 'deb') throw new Error('usage: npm run package:deb');
const file = await buildDeb({ ...values, output: resolve(root, values.output) });
process.stdout.write(`${file}\n`);
