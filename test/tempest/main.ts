/** `npm run test:tempest -- identity [part of a name]` */

import { runTempest } from './run.ts';
import { suites } from './suites.ts';

const [name = '', only] = process.argv.slice(2);
const suite = suites[name];
const say = (words: string) => process.stdout.write(`${words}\n`);

if (!suite) {
  process.stderr.write(`npm run test:tempest -- ${Object.keys(suites).join('|')} [part of a test's name]\n`);
  process.exitCode = 2;
} else {
  const began = Date.now();
  const { passed, skipped, failed } = await runTempest({ suite, number: 61, say, ...(only ? { only } : {}) });
  for (const { name, why } of failed) say(`FAILED ${name}\n${why}\n`);
  say(
    `${passed.length} passed, ${skipped.length} skipped, ${failed.length} failed in ${Math.round((Date.now() - began) / 1000)} s`,
  );
  process.exitCode = failed.length === 0 && passed.length > 0 ? 0 : 1;
}
