import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const parser = /xml|sax|(^|[/-])dom([/-]|$)|libxml|saml/i;

/** A strict parser without entities of its own; it refuses a DTD where it is used (s3.test.ts). Its package has the letters. */
const strict = { packages: ['saxes', 'xmlchars'], file: 'services/object-store/s3/xml-body.ts' };

test('OSSA-2013-023: the only XML parser is a strict one without external entities, and one file imports it', () => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: object };
  const names = Object.keys(packages).map((path) => path.split('node_modules/').at(-1) ?? '');
  assert.ok(names.length > 50);
  assert.deepEqual(
    names.filter((name) => parser.test(name)),
    strict.packages,
  );
  for (const folder of ['services', 'shared', 'deploy'])
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!/\.(ts|js)$/.test(file)) continue;
      const text = readFileSync(join(root, folder, file), 'utf8');
      assert.doesNotMatch(text, /DOMParser|parseFromString|responseXML/, file);
      for (const [, from = ''] of text.matchAll(/^import .* from '([^.#'][^']*)'/gm))
        if (join(folder, file) !== strict.file) assert.doesNotMatch(from, parser, file);
    }
});
