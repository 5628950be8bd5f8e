import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYaml } from './yaml.ts';

test('text stays text, numbers become numbers, merge keys are merged', () => {
  const text = 'base: &base { a: 1, b: yes }\nmore: { <<: *base, b: 2026-01-01, c: ~ }';
  assert.deepEqual(parseYaml(text), {
    base: { a: 1, b: 'yes' },
    more: { a: 1, b: '2026-01-01', c: null },
  });
});

test('a file that has only comments is null', () => {
  assert.equal(parseYaml('# listen: 0.0.0.0\n'), null);
  assert.equal(parseYaml(''), null);
});

test('a syntax error gives its line and column; a second document is refused', () => {
  assert.throws(() => parseYaml('a: 1\nb: [1'), /2:6/);
  assert.throws(() => parseYaml('a: 1\n---\nb: 2'), /more than one document/);
});
