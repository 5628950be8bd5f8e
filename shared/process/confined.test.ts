/** The rights and limits of a confined program, measured from inside. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isRoot, missingConfinement, runConfined, withOwnUid } from './confined.ts';

const asRoot = { skip: !isRoot && 'only root can change its user' };
const maxFileBytes = 2 ** 20;
const missing = await missingConfinement();

test('concurrent runs have different users, none of them a user of guests', asRoot, async () => {
  const runs = Array.from({ length: 20 }, () =>
    withOwnUid(async (uid) => {
      const { stdout } = await runConfined(['id', '-u'], { uid, maxFileBytes });
      assert.equal(stdout.trim(), String(uid));
      return uid ?? 0;
    }),
  );
  const uids = await Promise.all(runs);
  assert.equal(new Set(uids).size, uids.length);
  assert.ok(uids.every((uid) => uid >= 1_800_000_000 && uid < 1_900_000_000));
});

test('a confined program inherits no setting, and its allocator leaves address space for threads', async () => {
  process.env.WATTLE_DATABASE = 'mysql://secret';
  try {
    const { stdout } = await withOwnUid((uid) => runConfined(['env'], { uid, maxFileBytes }));
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.replace(/^(LC_ALL|PATH)=.*/, '$1'))
        .sort(),
      ['LC_ALL', 'MALLOC_ARENA_MAX=1', 'PATH'],
    );
  } finally {
    delete process.env.WATTLE_DATABASE;
  }
});

test('a confined program has no network', {
  skip: missing.some((each) => each.includes('network')) && 'unshare is not allowed',
}, async () => {
  const { stdout } = await withOwnUid((uid) => runConfined(['cat', '/proc/net/dev'], { uid, maxFileBytes }));
  assert.deepEqual(
    stdout.match(/^ *(\w+):/gm)?.map((name) => name.trim()),
    ['lo:'],
  );
});

test('a confined program has no capabilities and cannot gain any', asRoot, async () => {
  const { stdout } = await withOwnUid((uid) => runConfined(['cat', '/proc/self/status'], { uid, maxFileBytes }));
  for (const line of ['CapEff:\t0000000000000000', 'CapBnd:\t0000000000000000', 'NoNewPrivs:\t1'])
    assert.ok(stdout.includes(line), line);
});

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'confined-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

test('OSSA-2016-012: a program that exceeds its file size, memory or CPU time is ended', async (t) => {
  const cwd = await folder(t);
  const limits = { uid: null, cwd, maxFileBytes: 65_536 };
  await assert.rejects(runConfined(['dd', 'if=/dev/zero', 'of=large', 'bs=4096', 'count=1000', 'status=none'], limits));
  assert.ok((await stat(join(cwd, 'large'))).size <= 65_536);
  const memory = { ...limits, memoryBytes: 2 ** 26 };
  await assert.rejects(runConfined(['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=512M', 'count=1'], memory), /memory/);
  await assert.rejects(runConfined(['sh', '-c', 'while :; do :; done'], { ...limits, cpuSeconds: 1 }), /signal/);
  await assert.rejects(runConfined(['sleep', '60'], { ...limits, timeoutMs: 50 }), /signal/);
});
