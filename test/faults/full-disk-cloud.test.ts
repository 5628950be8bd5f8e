/** The disk of a whole cloud fills, for real: the cloud stays, says why it refuses, and what frees room can be done. */
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { request, textOf } from '#shared/clients/http.ts';
import { run, tryRun } from '#shared/process/run.ts';
import { adminOf, fetchPage } from '../e2e/story/api.ts';
import { fakeHosts, pipClient, startStoryCloud, until } from '../e2e/story/cloud.ts';

const options = { skip: process.getuid?.() === 0 ? false : 'needs root' };

/** To the last block, as another program would. */
function fill(file: string): void {
  const fd = openSync(file, 'a');
  try {
    for (const block of [Buffer.alloc(65_536), Buffer.alloc(512)]) while (writeSync(fd, block) === block.length);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  } finally {
    closeSync(fd);
  }
}

test(
  'S07: a full disk under var/ ends no process; deletes and logins go on, the rest hears 503 and why',
  options,
  async (t) => {
    const disk = mkdtempSync(join(tmpdir(), 'full-'));
    await run(['mount', '-t', 'tmpfs', '-o', 'size=220m,mode=755', 'tmpfs', disk]);
    const cloud = await startStoryCloud(t, {
      split: false,
      client: pipClient(),
      env: {
        WATTLE_VAR: join(disk, 'var'),
        ...fakeHosts,
      },
    });
    t.after(async () => {
      await tryRun(['umount', '-l', disk]);
      rmSync(disk, { recursive: true, force: true });
    });
    const at = { ...cloud, folder: disk };
    const admin = adminOf(at);
    const make = (name: string) =>
      admin.json<{ network: { id: string } }>('network', '/v2.0/networks', {
        method: 'POST',
        body: { network: { name } },
      });
    const kept = await make('kept');
    const fillFile = join(disk, 'fill');
    fill(fillFile);
    const tryToMake = async () => {
      const body = JSON.stringify({ network: { name: 'late' } });
      const headers = { 'x-auth-token': await admin.token(), 'content-type': 'application/json' };
      const reply = await request(`http://${cloud.address}:9696/v2.0/networks`, { method: 'POST', body, headers });
      return { status: reply.status, again: reply.headers['retry-after'], text: await textOf(reply) };
    };
    const refused = await until('a refusal', async () => {
      const answer = await tryToMake();
      return answer.status === 201 ? undefined : answer;
    });
    assert.deepEqual([refused.status, refused.again], [503, '30'], refused.text);
    assert.match(refused.text, /The disk of the controller is full/);
    for (let times = 0; times < 20; times += 1) assert.equal((await tryToMake()).status, 503);
    assert.equal((await fetchPage(`http://${cloud.address}:9696/`)).status, 200);
    await adminOf(at).json('network', '/v2.0/networks'); // a new login
    await admin.json('network', `/v2.0/networks/${kept.network.id}`, { method: 'DELETE' });
    rmSync(fillFile);
    await until('room again', async () => make('again').catch(() => undefined));
    const log = readFileSync(join(disk, 'var/log/all.log'), 'utf8');
    assert.match(log, /disk is full: the reserve was released for deletes/);
  },
);
