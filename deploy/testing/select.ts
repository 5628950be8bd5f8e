import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const roots = ['shared', 'services', 'deploy', 'test'];

/** Whole racks and emulated machines take minutes: `npm run test:rack`, `npm run test:package`, `npm run test:storage`, `npm run test:ceph`,
 * `npm run test:thrasher`. */
const byNameOnly = [
  join('test', 'rack/'),
  join('test', 'package/'),
  join('test', 'storage-guest/'),
  join('test', 'ceph/'),
  join('test', 'thrasher/'),
];

/** The test files whose path contains one of the fragments, or all; quick ones first. */
export function findTestFiles(fragments: readonly string[]): string[] {
  const files = roots.flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => join(root, name))
      .toSorted(),
  );
  if (fragments.length === 0) return files.filter((file) => !byNameOnly.some((folder) => file.startsWith(folder)));
  return files.filter((file) => fragments.some((fragment) => file.includes(fragment.replace(/^\.\//, ''))));
}
