/** Data of a deleted volume is in no later volume, and files are readable by their owner alone. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findDetached } from '#shared/process/detached.ts';
import {
  blank,
  fileHost,
  grant,
  initiator,
  logIn,
  noImages,
  other,
  tgtTest,
} from '../../../../test/fakes/volume-host.ts';
import { openFiles } from './file.ts';

tgtTest('OSSA-2013-021, OSSN-0084: data of deleted volumes and snapshots is in no later volume', async (t) => {
  const { agent, directory } = await fileHost(t);
  const [id, snapshot, copy, next] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  const state = await grant(agent, id, initiator);
  assert.equal((await logIn(t, state, initiator, 'write -P 7 0 64M')).code, 0);
  await agent.ensureGrantGone({ id: initiator.id, volumeId: id });
  await agent.ensureSnapshot({ id: snapshot, volumeId: id });
  await agent.ensureVolume({ id: copy, sizeGb: 1, source: { kind: 'snapshot', snapshotId: snapshot, volumeId: id } });
  await agent.ensureSnapshotGone({ id: snapshot, volumeId: id });
  for (const each of [id, copy]) await agent.ensureVolumeGone({ id: each });
  await agent.ensureVolume({ id: next, sizeGb: 1, source: blank });
  const reached = await grant(agent, next, other);
  const { stdout } = await logIn(t, reached, other, 'read -P 0 0 1G');
  assert.match(stdout, /read 1073741824\/1073741824 bytes/);
  assert.doesNotMatch(stdout, /Pattern verification failed/);
  for (const place of ['snapshots', 'work']) assert.deepEqual(await readdir(join(directory, 'pool', place)), []);
});

tgtTest('OSSN-0084: the added space of an extended volume reads as zeros', async (t) => {
  const { agent, directory } = await fileHost(t);
  const id = randomUUID();
  await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  const store = await openFiles({ directory: join(directory, 'pool'), pool: 'pool', images: noImages, maxImageGb: 1 });
  await writeFile(await store.pathOf(id), Buffer.alloc(2 ** 20, 7), { flag: 'r+' });
  await agent.ensureVolume({ id, sizeGb: 2, source: blank });
  const state = await grant(agent, id, initiator);
  assert.doesNotMatch((await logIn(t, state, initiator, 'read -P 0 1G 1G')).stdout, /Pattern verification failed/);
});

/** Files and directories below `folder` that group or others may access, with their mode. */
async function accessibleToOthers(folder: string): Promise<string[]> {
  const below = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = await Promise.all(
    below
      .filter((each) => !each.isSocket() && each.name !== 'tgtd.0.lock') // tgtd's lock file is empty
      .map(async ({ parentPath, name }) => {
        const { mode } = await stat(join(parentPath, name));
        return mode & 0o077 ? [`${join(parentPath, name)} ${(mode & 0o777).toString(8)}`] : [];
      }),
  );
  return found.flat();
}

tgtTest('OSSN-0014: only the owner can access volumes, snapshots and export records, whatever the umask', async (t) => {
  const before = process.umask(0);
  t.after(() => process.umask(before));
  const { agent, directory } = await fileHost(t);
  const [id, snapshot, copy] = [randomUUID(), randomUUID(), randomUUID()];
  await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  await agent.ensureSnapshot({ id: snapshot, volumeId: id });
  await agent.ensureVolume({ id: copy, sizeGb: 1, source: { kind: 'volume', volumeId: id } });
  await grant(agent, id, initiator);
  assert.ok((await readdir(join(directory, 'exports'))).length === 1);
  assert.deepEqual(await accessibleToOthers(directory), []);
  const [pid] = findDetached('tgtd', directory);
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8');
  assert.ok(!commandLine.includes(initiator.secret));
  await assert.rejects(grant(agent, id, { ...initiator, secret: 'another-planted-secret' }), /another secret/);
  assert.doesNotMatch(await readFile(join(directory, 'tgtd.log'), 'utf8'), /a-secret-of|planted/);
});
