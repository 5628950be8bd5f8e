/** OpenAPI files that definitions give are committed as they are generated. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { generated } from '../../deploy/openapi/files.ts';

for (const [path, text] of generated)
  test(`${path} is what its definition gives`, () => {
    assert.equal(readFileSync(path, 'utf8'), text, 'run `npm run openapi` and commit the file');
  });
