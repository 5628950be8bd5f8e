import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { specOf } from '../rack/cloud-in-test.ts';
import { createFirstNode } from '../rack/first-node.ts';
import { controlEntries } from './contents.ts';

test('a backup has every entry that makes a host the first node of a rack, certificates and their authority among them', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'contents-'));
  chmodSync(folder, 0o755);
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'var');
  await createFirstNode(path, { ...specOf('mgmt1', ['management']), address: '127.0.0.1' }, {}, '');
  const kept = new Set([...controlEntries, 'run', 'log']);
  assert.deepEqual(
    readdirSync(path).filter((name) => !kept.has(name)),
    [],
  );
});
