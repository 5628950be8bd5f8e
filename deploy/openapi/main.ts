import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup/paths.js';
import { generated } from './files.ts';

for (const [path, text] of generated) writeFileSync(join(root, path), text);
process.stdout.write(`${generated.size} files below openapi/ are up to date\n`);
