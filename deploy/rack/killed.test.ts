/** init and join are killed with SIGKILL at any moment: repeated, they complete, and nothing is made twice. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../test/fakes/free-port.ts';
import { secretIn, specOf, startRegistry } from './cloud-in-test.ts';
import { createFirstNode } from './first-node.ts';
import { joinCloud } from './join-cloud.ts';
import { checkIn } from './watch-cloud.ts';

const kills = 5;
const stepMs = 25;

/** Kills the work so long after its begin; returns whether it had ended. */
async function killAfter(ms: number, work: object): Promise<boolean> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'killed-child.ts'), JSON.stringify(work)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), ended]);
  await Promise.race([sleep(ms), ended]);
  child.kill('SIGKILL');
  const [code] = await ended;
  return code === 0;
}

test('a join that is killed at any moment is completed by the next one, with one use of its token', async (t) => {
  const cloud = await startRegistry(t, await freePort());
  for (let at = 0; at < kills; at += 1) {
    const host = cloud.hostOf(`kvm${at}`, await cloud.tokenFor(['compute']), 'compute');
    await killAfter(at * stepMs, { join: host });
    const node = await joinCloud(host);
    assert.equal(await checkIn(host.path), false, `killed after ${at * stepMs} ms`);
    assert.equal((await cloud.registry.findNode({ name: node.name }))?.hostId, node.hostId);
  }
  assert.equal((await cloud.registry.listNodes()).length, kills + 1);
});

test('an init that is killed at any moment is completed by the next one, with the same id and authority', async (t) => {
  const cloud = await startRegistry(t, await freePort());
  for (let at = 0; at < kills; at += 1) {
    const path = join(cloud.folder, `first${at}`);
    const spec = specOf('mgmt1', ['management']);
    await killAfter(at * stepMs, { init: { path, spec } });
    const kept = ['id', 'host-id', 'tls/ca.crt', 'secrets/ca-key', 'secrets/nova'].filter((file) =>
      existsSync(join(path, file)),
    );
    const before = kept.map((file) => readFileSync(join(path, file), 'utf8'));
    const node = await createFirstNode(path, spec, {}, '');
    assert.deepEqual(
      kept.map((file) => readFileSync(join(path, file), 'utf8')),
      before,
      `killed after ${at * stepMs} ms`,
    );
    const [authority, own] = ['ca.crt', 'node.crt'].map(
      (file) => new X509Certificate(readFileSync(join(path, 'tls', file))),
    );
    assert.ok(authority && own?.verify(authority.publicKey));
    assert.ok(secretIn(path, 'database-registry').length >= 16);
    assert.equal(node.cloudId, readFileSync(join(path, 'id'), 'utf8').trim());
  }
});
