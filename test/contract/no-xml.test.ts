import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const parser = /xml|sax|(^|[/-])dom([/-]|$)|libxml|saml/i;

test('OSSA-2013-023: no XML parser is among the packages, and none is imported: bodies of the S3 API are read by a grammar without entities', () => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: object };
  const names = Object.keys(packages).map((path) => path.split('node_modules/').at(-1) ?? '');
  assert.ok(names.length > 50);
  assert.deepEqual(
    names.filter((name) => parser.test(name)),
    [],
  );
  for (const folder of ['services', 'shared', 'deploy'])
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!/\.(ts|js)$/.test(file)) continue;
      const text = readFileSync(join(root, folder, file), 'utf8');
      assert.doesNotMatch(text, /DOMParser|parseFromString|XMLHttpRequest/, file);
      for (const [, from = ''] of text.matchAll(/^import .* from '([^.#'][^']*)'/gm))
        assert.doesNotMatch(from, parser, file);
    }
});
