import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const roots = ['shared', 'services', 'deploy', 'test'];

/** Every test file whose path contains one of the words, or all: quick ones first. */
export function filesFor(words: readonly string[]): string[] {
  const files = roots.flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => join(root, name))
      .toSorted(),
  );
  if (words.length === 0) return files;
  return files.filter((file) => words.some((word) => file.includes(word.replace(/^\.\//, ''))));
}
