import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readImport } from './import-rows.ts';

const ann = { name: 'ann', domain: 'Default', hash: '$2b$12$x' };
const rowOfAnn = { ...ann, enabled: true };
const lines = (...values: unknown[]) => values.map((value) => JSON.stringify(value)).join('\n');

test('users are read from one object per line, or from a list', () => {
  const byLines = readImport(`${lines(ann)}\n\n${lines({ ...ann, name: 'bob' })}\n`);
  assert.deepEqual(
    byLines.rows.map(({ where, name }) => [where, name]),
    [
      ['line 1', 'ann'],
      ['line 3', 'bob'],
    ],
  );
  assert.deepEqual(readImport(JSON.stringify([ann])).rows, [{ where: 'user 1', ...rowOfAnn }]);
});

test('the output of a database is accepted: 0 and 1 for enabled, null for no value', () => {
  const raw = { ...ann, id: 'a1', enabled: 0, email: null, default_project: null };
  assert.deepEqual(readImport(lines(raw)).rows, [{ where: 'line 1', ...rowOfAnn, id: 'a1', enabled: false }]);
});

test('an invalid row is reported with its position and its problem', () => {
  const { rows, problems } = readImport(
    [
      lines(ann),
      '{"name": ',
      lines([ann]),
      lines({ ...ann, mail: 'a@b' }),
      lines({ name: 'bob', domain: 'Default' }),
      lines({ ...ann, enabled: 'yes' }),
      lines({ ...ann, id: 'a/b' }),
      lines({ ...ann, name: ' ' }),
    ].join('\n'),
  );
  assert.deepEqual(rows.length, 1);
  assert.deepEqual(problems, [
    'line 2: is not JSON',
    'line 3: is not an object',
    'line 4: mail is not known; these are: name, domain, hash, id, email, enabled, default_project',
    'line 5: hash must be the hash of a password',
    'line 6: enabled must be true or false',
    'line 7: id must be at most 64 letters, digits, - and _',
    'line 8: name must be a text of at most 255 characters',
  ]);
  assert.deepEqual(readImport('[{').problems, ['the list: is not JSON']);
});
