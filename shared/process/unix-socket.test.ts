import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectUnix } from './unix-socket.ts';

test('a socket is reached at a path of any length', async (t) => {
  const short = await mkdtemp(join(tmpdir(), 's-'));
  const long = await mkdtemp(join(tmpdir(), 'l'.repeat(150)));
  const server = createServer((socket) => socket.end('here'));
  t.after(async () => {
    server.close();
    for (const dir of [short, long]) await rm(dir, { recursive: true });
  });
  await once(server.listen(join(short, 'sock')), 'listening');
  await symlink(short, join(long, 'folder'));
  const socket = await connectUnix(join(long, 'folder', 'sock'));
  assert.equal(String((await once(socket, 'data'))[0]), 'here');
});

test('a socket that is not there is an error', async () => {
  await assert.rejects(connectUnix(join(tmpdir(), 'none.sock')), { code: 'ENOENT' });
});
