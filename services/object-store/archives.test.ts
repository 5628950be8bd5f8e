/** Archives that are unpacked into objects, made by the real tar. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startStore, temporary } from '../../test/e2e/object-cloud.ts';

const long = `${'deep/'.repeat(30)}file`;

function tar(t: TestContext, ...options: string[]): Buffer {
  const folder = temporary(t);
  for (const [name, content] of [
    ['c1/a.txt', 'first'],
    [`c1/${long}`, 'second'],
    ['c2/ä b', ''],
    ['top', 'ignored'],
  ] as const) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return execFileSync('tar', ['-C', folder, '-c', ...options, '.']);
}

for (const options of [['--format=pax'], ['--format=gnu'], ['--format=ustar', '--exclude=deep']])
  test(`an archive of the kind ${options[0]} becomes objects, and containers where they are missing`, async (t) => {
    const { ask } = await startStore(t);
    const accept = { accept: 'application/json' };
    const answer = await ask('PUT', '?extract-archive=tar', accept, tar(t, ...options));
    const report = (await answer.json()) as Record<string, unknown>;
    const count = options.length === 1 ? 3 : 2;
    assert.deepEqual(
      [report['Number Files Created'], report['Response Status'], report.Errors],
      [count, '201 Created', []],
    );
    const first = await ask('GET', '/c1/a.txt');
    assert.deepEqual([await first.text(), first.headers.get('content-type')], ['first', 'text/plain']);
    if (count === 3) assert.equal(await (await ask('GET', `/c1/${long}`)).text(), 'second');
    assert.equal((await ask('GET', `/c2/${encodeURIComponent('ä b')}`)).status, 200);
  });

test('a compressed archive is unpacked below a prefix, and a broken one is reported', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/c');
  const bytes = tar(t, '-z');
  assert.match(await (await ask('PUT', '/c/p?extract-archive=tar.gz', {}, bytes)).text(), /Number Files Created: 4/);
  assert.equal(await (await ask('GET', '/c/p/c1/a.txt')).text(), 'first');
  for (const broken of [bytes.subarray(0, 40), Buffer.alloc(2000, 'x'), Buffer.alloc(0)])
    assert.match(await (await ask('PUT', '/c?extract-archive=tar', {}, broken)).text(), /Response Status: 400/);
  assert.match(
    await (await ask('PUT', '/c?extract-archive=tar.gz', {}, Buffer.alloc(2000, 'x'))).text(),
    /Response Status: 400/,
  );
});

test('an archive writes nowhere that its sender may not write', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/c1');
  const foreign = { 'x-auth-token': 'x:q:member' };
  assert.match(await (await ask('PUT', '?extract-archive=tar', foreign, tar(t))).text(), /c1\/a\.txt, 403 Forbidden/);
  assert.equal((await ask('GET', '/c1')).status, 204);
});
