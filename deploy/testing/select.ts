import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const roots = ['shared', 'services', 'deploy', 'test'];

/** Whole racks take minutes: `npm run test:rack`. */
const byNameOnly = join('test', 'rack/');

/** The test files whose path contains one of the fragments, or all; quick ones first. */
export function findTestFiles(fragments: readonly string[]): string[] {
  const files = roots.flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => join(root, name))
      .toSorted(),
  );
  if (fragments.length === 0) return files.filter((file) => !file.startsWith(byNameOnly));
  return files.filter((file) => fragments.some((fragment) => file.includes(fragment.replace(/^\.\//, ''))));
}
