/** The contract that every driver fulfils. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Fault } from '#shared/errors/fault.ts';
import { blank, drivers, grant, initiator } from '../../../test/fakes/volume-host.ts';
import type { VolumeStore } from './driver.ts';

async function firstBytes(store: VolumeStore, id: string): Promise<Buffer> {
  const { stream, close } = await store.readAs(id, 'raw');
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    await close();
    return Buffer.from(chunk.subarray(0, 4096));
  }
  throw new Error('the volume has no data');
}

for (const [driver, openHost] of drivers) {
  test(`${driver}: creating a volume twice makes one, deleting it twice succeeds`, async (t) => {
    const { agent } = await openHost(t);
    const id = randomUUID();
    assert.deepEqual(await agent.ensureVolume({ id, sizeGb: 1, source: blank }), { sizeGb: 1 });
    assert.deepEqual(await agent.ensureVolume({ id, sizeGb: 1, source: blank }), { sizeGb: 1 });
    await agent.ensureVolumeGone({ id });
    await agent.ensureVolumeGone({ id });
  });

  test(`${driver}: a volume grows and never shrinks`, async (t) => {
    const { agent } = await openHost(t);
    const id = randomUUID();
    await agent.ensureVolume({ id, sizeGb: 1, source: blank });
    assert.deepEqual(await agent.ensureVolume({ id, sizeGb: 3, source: blank }), { sizeGb: 3 });
    await assert.rejects(agent.ensureVolume({ id, sizeGb: 2, source: blank }), Fault);
  });

  test(`${driver}: volumes are created from a volume and from a snapshot, also after the snapshot's volume was deleted`, async (t) => {
    const { agent } = await openHost(t);
    const [id, snapshot, copy, clone] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    await agent.ensureVolume({ id, sizeGb: 1, source: blank });
    await agent.ensureSnapshot({ id: snapshot, volumeId: id });
    await agent.ensureVolume({ id: clone, sizeGb: 2, source: { kind: 'volume', volumeId: id } });
    await agent.ensureVolumeGone({ id });
    await agent.ensureSnapshot({ id: snapshot, volumeId: id }).catch(() => {});
    await agent.ensureVolume({ id: copy, sizeGb: 1, source: { kind: 'snapshot', snapshotId: snapshot, volumeId: id } });
    await agent.ensureSnapshotGone({ id: snapshot, volumeId: id });
    await agent.ensureSnapshotGone({ id: snapshot, volumeId: id });
  });

  test(`${driver}: a missing source is a Fault, and no volume is left`, async (t) => {
    const { agent } = await openHost(t);
    const source = { kind: 'snapshot', snapshotId: randomUUID(), volumeId: randomUUID() } as const;
    const id = randomUUID();
    await assert.rejects(agent.ensureVolume({ id, sizeGb: 1, source }), Fault);
    await assert.rejects(grant(agent, id, initiator), Fault);
  });

  test(`${driver}: an exported volume grows, and its next export shows that`, async (t) => {
    const { agent } = await openHost(t);
    const id = randomUUID();
    await agent.ensureVolume({ id, sizeGb: 1, source: blank });
    assert.deepEqual(await grant(agent, id, initiator), await grant(agent, id, initiator));
    const grow = () => agent.ensureVolume({ id, sizeGb: 2, source: blank });
    const grown = await grow();
    assert.deepEqual([await grow(), grown.sizeGb], [grown, 2]);
    const { lun } = await grant(agent, id, initiator);
    if (grown.lun !== undefined) assert.equal(lun, grown.lun);
    await agent.ensureGrantGone({ id: initiator.id, volumeId: id });
    await agent.ensureGrantGone({ id: initiator.id, volumeId: id });
    await agent.ensureVolume({ id, sizeGb: 2, source: blank });
  });

  test(`${driver}: a backup gives its data to a new volume and to an old one, also once its own is deleted`, async (t) => {
    const { agent } = await openHost(t);
    const [id, backup, copy] = [randomUUID(), randomUUID(), randomUUID()];
    const place = { container: 'saved', storedAs: backup };
    const source = { kind: 'backup', ...place } as const;
    await agent.ensureVolume({ id, sizeGb: 1, source: blank });
    const spec = { id: backup, volumeId: id, snapshotId: null, parent: null, ...place };
    const made = await agent.ensureBackup(spec);
    assert.deepEqual(await agent.ensureBackup(spec), made, 'twice');
    await agent.ensureVolumeGone({ id });
    await agent.ensureVolume({ id: copy, sizeGb: 2, source });
    await agent.ensureVolume({ id: copy, sizeGb: 2, source });
    await agent.restoreVolume({ id: copy, sizeGb: 2, source });
    await agent.ensureBackupGone({ id: backup, ...place });
    await agent.ensureBackupGone({ id: backup, ...place });
    await assert.rejects(agent.findBackup({ id: backup, ...place }), Fault);
    await assert.rejects(agent.restoreVolume({ id: copy, sizeGb: 2, source }), Fault);
  });

  test(`${driver}: a volume gets the data of its snapshot back, unless it is exported`, async (t) => {
    const { agent } = await openHost(t);
    const [id, snapshot] = [randomUUID(), randomUUID()];
    await agent.ensureVolume({ id, sizeGb: 1, source: blank });
    await agent.ensureSnapshot({ id: snapshot, volumeId: id });
    const spec = { id, sizeGb: 1, source: { kind: 'snapshot', snapshotId: snapshot, volumeId: id } } as const;
    await agent.restoreVolume(spec);
    await agent.restoreVolume(spec);
    await grant(agent, id, initiator);
    await assert.rejects(agent.restoreVolume(spec), /exported/);
  });

  test(`${driver}: what a volume and a snapshot leave in the pool becomes a volume and a snapshot again`, async (t) => {
    const { agent, store } = await openHost(t);
    const [id, snapshot, again, taken] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    await agent.ensureVolume({ id, sizeGb: 1, source: blank });
    await agent.ensureSnapshot({ id: snapshot, volumeId: id });
    for (const spec of [{ id, as: 'volume' } as const, { id: snapshot, as: 'snapshot' } as const]) {
      await agent.release(spec);
      await agent.release(spec);
    }
    assert.deepEqual(
      (await store.listUnmanaged()).map(({ name }) => name).toSorted(),
      [`unmanaged-${id}`, `unmanaged-${snapshot}`].toSorted(),
    );
    const adopt = { id: again, as: 'volume', name: `unmanaged-${id}` } as const;
    assert.deepEqual([await agent.adopt(adopt), await agent.adopt(adopt)], [{ sizeGb: 1 }, { sizeGb: 1 }]);
    await agent.adopt({ id: taken, as: 'snapshot', name: `unmanaged-${snapshot}` });
    assert.deepEqual(await store.listUnmanaged(), []);
    await grant(agent, again, initiator);
    await agent.ensureGrantGone({ id: initiator.id, volumeId: again });
    const source = { kind: 'snapshot', snapshotId: taken, volumeId: again } as const;
    await agent.ensureVolume({ id: randomUUID(), sizeGb: 1, source });
  });

  if (driver !== 'fake')
    test(`${driver}: an encrypted volume begins with its header, also after it grew, and its copy has the same`, async (t) => {
      const { agent, store } = await openHost(t);
      const [id, copy] = [randomUUID(), randomUUID()];
      const encryption = { keyBits: 256, secret: 'a'.repeat(64) } as const;
      await agent.ensureVolume({ id, sizeGb: 1, source: blank, encryption });
      const header = await firstBytes(store, id);
      assert.equal(header.subarray(0, 4).toString(), 'LUKS');
      await agent.ensureVolume({ id, sizeGb: 2, source: { kind: 'volume', volumeId: id } });
      await agent.ensureVolume({ id: copy, sizeGb: 2, source: { kind: 'volume', volumeId: id } });
      for (const each of [id, copy]) assert.ok(header.equals(await firstBytes(store, each)));
    });

  test(`${driver}: a reference leads to nothing but what lies in the pool and is nobody's`, async (t) => {
    const { agent } = await openHost(t);
    const id = randomUUID();
    await agent.ensureVolume({ id, sizeGb: 1, source: blank });
    const names = [
      id,
      `volume-${id}`,
      `../volumes/${id}`,
      `/dev/${id}`,
      '..',
      '',
      '-rf',
      'x@y',
      'x/y',
      `${id}.raw`,
      'a\0b',
    ];
    for (const as of ['volume', 'snapshot'] as const)
      for (const name of names) await assert.rejects(agent.adopt({ id: randomUUID(), as, name }), Fault, name);
    await agent.ensureVolume({ id, sizeGb: 2, source: blank });
  });
}
