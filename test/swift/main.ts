/** `npm run test:swift -- functional|s3api [part of a name]` */
import { reasons } from './reasons.ts';
import { runSwift, suites } from './run.ts';

const [name = '', only] = process.argv.slice(2);
const suite = suites[name];
const print = (text: string) => process.stdout.write(`${text}\n`);

if (!suite) {
  process.stderr.write(`npm run test:swift -- ${Object.keys(suites).join('|')} [part of a test's name]\n`);
  process.exitCode = 2;
} else {
  const began = Date.now();
  const { passed, skipped, failed } = await runSwift({ suite, number: 78, print, ...(only ? { only } : {}) });
  const reasonOf = (id: string) => Object.entries(reasons).find(([part]) => id.includes(part))?.[1];
  for (const { id, why } of failed) print(`FAILED ${id}\n${reasonOf(id) ?? why}\n`);
  for (const { id, why } of skipped) print(`SKIPPED ${id}: ${why}`);
  const unexplained = failed.filter(({ id }) => reasonOf(id) === undefined);
  const ran = passed.length + failed.length;
  print(
    `${passed.length} of ${ran} passed (${((passed.length / Math.max(1, ran)) * 100).toFixed(1)} %), ${skipped.length} skipped, ${unexplained.length} failed without a known reason, in ${Math.round((Date.now() - began) / 1000)} s`,
  );
  process.exitCode = unexplained.length === 0 && passed.length > 0 ? 0 : 1;
}
