import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chown, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connectUnix, ForeignSocket } from './unix-socket.ts';

const isRoot = process.getuid?.() === 0;

async function listening(t: TestContext, path: string, greeting: string) {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.end(greeting);
  });
  t.after(() => server.close());
  await once(server.listen(path), 'listening');
  return { connections: () => connections };
}

async function folder(t: TestContext, prefix = 's-') {
  const dir = await mkdtemp(join(tmpdir(), prefix));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

const firstData = async (socket: Awaited<ReturnType<typeof connectUnix>>) => String((await once(socket, 'data'))[0]);

test('a socket is reached at a path of any length', async (t) => {
  const long = await folder(t, 'l'.repeat(150));
  const short = await folder(t);
  await listening(t, join(short, 'sock'), 'here');
  await rename(join(short, 'sock'), join(long, 'sock'));
  assert.equal(await firstData(await connectUnix(join(long, 'sock'))), 'here');
});

test('a missing socket is an error', async () => {
  await assert.rejects(connectUnix(join(tmpdir(), 'none.sock')), { code: 'ENOENT' });
});

test('a symbolic link or a file in the place of a socket is refused', async (t) => {
  const [theirs, planted] = [await folder(t), await folder(t)];
  const daemon = await listening(t, join(theirs, 'mysqld.sock'), 'welcome, root');
  await symlink(join(theirs, 'mysqld.sock'), join(planted, 'vnc.sock'));
  await assert.rejects(connectUnix(join(planted, 'vnc.sock')), ForeignSocket);
  await writeFile(join(planted, 'qmp.sock'), '');
  await assert.rejects(connectUnix(join(planted, 'qmp.sock')), ForeignSocket);
  assert.equal(daemon.connections(), 0);
});

test('a socket of another user is refused', { skip: !isRoot && 'needs root' }, async (t) => {
  const dir = await folder(t);
  const daemon = await listening(t, join(dir, 'sock'), 'here');
  await chown(join(dir, 'sock'), 4_242, 4_242);
  await assert.rejects(connectUnix(join(dir, 'sock')), ForeignSocket);
  assert.equal(daemon.connections(), 0);
  assert.equal(await firstData(await connectUnix(join(dir, 'sock'), 4_242)), 'here');
});
