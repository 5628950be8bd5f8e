/** `npm run test:tempest -- identity [part of a name]` */

import { runTempest } from './run.ts';
import { suites } from './suites.ts';

const [name = '', only] = process.argv.slice(2);
const suite = suites[name];
const print = (text: string) => process.stdout.write(`${text}\n`);

if (!suite) {
  process.stderr.write(`npm run test:tempest -- ${Object.keys(suites).join('|')} [part of a test's name]\n`);
  process.exitCode = 2;
} else {
  const began = Date.now();
  const { passed, skipped, failed } = await runTempest({ suite, number: 61, print, ...(only ? { only } : {}) });
  for (const { name, why } of failed) print(`FAILED ${name}\n${why}\n`);
  print(
    `${passed.length} passed, ${skipped.length} skipped, ${failed.length} failed in ${Math.round((Date.now() - began) / 1000)} s`,
  );
  process.exitCode = failed.length === 0 && passed.length > 0 ? 0 : 1;
}
