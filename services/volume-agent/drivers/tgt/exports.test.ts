/** Exports through tgtd, tested with a real initiator (QEMU's). */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { findDetached } from '#shared/process/detached.ts';
import { sendSignal } from '../../../../shared/process/signal.ts';
import { until } from '../../../../test/fakes/compute-host.ts';
import {
  blank,
  fileHost,
  grant,
  initiator,
  logIn,
  noImages,
  other,
  stayLoggedIn,
  tgtTest,
} from '../../../../test/fakes/volume-host.ts';

tgtTest('OSSN-0058: file: only the named initiator with its secret logs in', async (t) => {
  const { agent } = await fileHost(t);
  const id = randomUUID();
  await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  const state = await grant(agent, id, initiator);
  assert.match((await logIn(t, state, initiator)).stdout, /virtual size: 1 GiB/);
  assert.match((await logIn(t, state, { ...initiator, secret: 'a-wrong-secret-16' })).stderr, /Failed to log in/i);
  assert.match((await logIn(t, state, { initiator: initiator.initiator })).stderr, /Failed to log in/i);
  assert.match(
    (await logIn(t, state, { ...initiator, initiator: 'iqn.2026-11.test:outsider' })).stderr,
    /Failed to log in/i,
  );
});

tgtTest(
  'OSSA-2023-003: an initiator that is logged in when its grant ends cannot write to a later volume',
  async (t) => {
    const { agent } = await fileHost(t);
    const [id, next] = [randomUUID(), randomUUID()];
    await agent.ensureVolume({ id, sizeGb: 1, source: blank });
    const guest = await stayLoggedIn(t, await grant(agent, id, initiator), initiator);
    guest.send('write -P 7 0 4k');
    await until('it writes', () => guest.output().includes('wrote 4096/4096'));
    await agent.ensureGrantGone({ id: initiator.id, volumeId: id });
    await agent.ensureVolumeGone({ id });
    await agent.ensureVolume({ id: next, sizeGb: 1, source: blank });
    const state = await grant(agent, next, { ...initiator, id: other.id, user: other.user, secret: other.secret });
    guest.send('write -P 9 0 4k');
    const owner = { ...other, initiator: initiator.initiator };
    assert.equal((await logIn(t, state, owner, 'write -P 5 1M 4k')).code, 0);
    const read = await logIn(t, state, owner, 'read -P 0 0 4k');
    assert.doesNotMatch(read.stdout, /Pattern verification failed/);
    assert.equal(guest.output().match(/wrote 4096\/4096/g)?.length, 1);
  },
);

tgtTest('file: grants of one volume are added and removed independently', async (t) => {
  const { agent } = await fileHost(t);
  const id = randomUUID();
  await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  await grant(agent, id, initiator);
  const state = await grant(agent, id, other);
  await agent.ensureGrantGone({ id: initiator.id, volumeId: id });
  assert.notEqual((await logIn(t, state, initiator)).code, 0);
  assert.equal((await logIn(t, state, other)).code, 0);
  await grant(agent, id, initiator);
  assert.equal((await logIn(t, state, initiator)).code, 0);
  await assert.rejects(grant(agent, id, { ...other, secret: 'changed-secret-16' }), /another secret/);
  for (const { id: attachment } of [initiator, other]) await agent.ensureGrantGone({ id: attachment, volumeId: id });
  assert.notEqual((await logIn(t, state, other)).code, 0);
});

tgtTest('file: a snapshot has the data at its creation and does not change', async (t) => {
  const { agent } = await fileHost(t);
  const [id, snapshot, copy] = [randomUUID(), randomUUID(), randomUUID()];
  await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  const state = await grant(agent, id, initiator);
  assert.equal((await logIn(t, state, initiator, 'write -P 7 1M 4k')).code, 0);
  await agent.ensureSnapshot({ id: snapshot, volumeId: id });
  assert.equal((await logIn(t, state, initiator, 'write -P 9 1M 4k')).code, 0);
  await agent.ensureVolume({ id: copy, sizeGb: 2, source: { kind: 'snapshot', snapshotId: snapshot, volumeId: id } });
  const copied = await grant(agent, copy, other);
  assert.doesNotMatch((await logIn(t, copied, other, 'read -P 7 1M 4k')).stdout, /Pattern verification failed/);
  assert.match((await logIn(t, copied, other, 'read -P 9 1M 4k')).stdout, /Pattern verification failed/);
});

tgtTest('file: a read-only export takes no writes', async (t) => {
  const { agent } = await fileHost(t);
  const id = randomUUID();
  await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  const state = await grant(agent, id, initiator, true);
  const { stdout, stderr } = await logIn(t, state, initiator, 'write -P 7 0 4k');
  assert.match(stdout + stderr, /write protected/);
});

tgtTest('file: a killed tgtd is restarted with all its targets', async (t) => {
  const { agent, directory } = await fileHost(t);
  const id = randomUUID();
  await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  const state = await grant(agent, id, initiator);
  const [pid] = findDetached('tgtd', directory);
  sendSignal(pid, 'SIGKILL');
  await until('another tgtd runs', () => findDetached('tgtd', directory).some((other) => other !== pid));
  await until('it lets its initiator in', async () => (await logIn(t, state, initiator)).code === 0);
});

tgtTest('file: records of an earlier version, without target numbers, are exported again', async (t) => {
  const { agent, directory, restart } = await fileHost(t);
  const [one, two] = [randomUUID(), randomUUID()];
  for (const id of [one, two]) await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  const [first, second] = [await grant(agent, one, initiator), await grant(agent, two, other)];
  for (const id of [one, two]) {
    const file = join(directory, 'exports', `${id}.json`);
    const { volumeId, path, grants } = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ volumeId, path, grants }));
  }
  const next = await restart();
  await until('the first is served', async () => (await logIn(t, first, initiator)).code === 0);
  await until('the second is served', async () => (await logIn(t, second, other)).code === 0);
  await next.ensureGrantGone({ id: initiator.id, volumeId: one });
  assert.notEqual((await logIn(t, first, initiator)).code, 0);
  assert.equal((await logIn(t, second, other)).code, 0);
});

tgtTest('file: an export whose file is missing does not block the others when tgtd restarts', async (t) => {
  const { agent, directory } = await fileHost(t);
  const [lost, kept] = [randomUUID(), randomUUID()];
  for (const id of [lost, kept]) await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  await grant(agent, lost, initiator);
  const state = await grant(agent, kept, other);
  await rm(join(directory, 'pool', 'volumes', `${lost}.raw`));
  const [pid] = findDetached('tgtd', directory);
  sendSignal(pid, 'SIGKILL');
  await until('another tgtd runs', () => findDetached('tgtd', directory).some((each) => each !== pid));
  await until('the other volume is served', async () => (await logIn(t, state, other)).code === 0);
  await agent.ensureGrantGone({ id: initiator.id, volumeId: lost });
});

tgtTest('file: a portal in use by another process is refused by name, and the grant can be removed', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const { agent } = await fileHost(t, noImages, port);
  const id = randomUUID();
  await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  await assert.rejects(grant(agent, id, initiator), new RegExp(`cannot serve at 127.0.0.1:${port}`));
  await agent.ensureGrantGone({ id: initiator.id, volumeId: id });
  await agent.ensureVolume({ id, sizeGb: 2, source: blank });
});

tgtTest('file: tgtd and its sessions outlive the agent, and the next agent finds them', async (t) => {
  const { agent, directory, restart } = await fileHost(t);
  const id = randomUUID();
  await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  const state = await grant(agent, id, initiator);
  const before = findDetached('tgtd', directory);
  const next = await restart();
  assert.deepEqual(findDetached('tgtd', directory), before);
  assert.equal((await logIn(t, state, initiator)).code, 0);
  assert.deepEqual(await grant(next, id, initiator), state);
});
