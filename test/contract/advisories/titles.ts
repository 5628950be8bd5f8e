/** The ids before the colon in the titles of all tests: `'OSSA-2014-031, M04: …'`. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');
const files = ['test', 'services', 'shared', 'deploy'].flatMap((folder) =>
  globSync(`${folder}/**/*.test.ts`, { cwd: root, exclude: ['**/node_modules/**'] }),
);
const opening = /['"`]((?:[A-Z][\w-]*)(?:, [A-Z][\w-]*)*): /g;

/** The ids that fit a pattern, each once. */
export function namedInTitles(pattern: RegExp): ReadonlySet<string> {
  const texts = files.map((file) => readFileSync(join(root, file), 'utf8'));
  const openings = texts.flatMap((text) => [...text.matchAll(opening)].map(([, ids = '']) => ids.split(', ')));
  return new Set(
    openings
      .filter((ids) => ids.every((id) => known.test(id)))
      .flat()
      .filter((id) => pattern.test(id)),
  );
}

/** The id of an advisory or of a cell of the fault matrix. */
const known = /^((OSSA-20\d\d-\d{3}|OSSN-\d{4}|FIX-[\dA-Z-]+|DEP-[\dA-Z-]+)|[A-Z]\d{2})$/;
