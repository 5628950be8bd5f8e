/** Snapshots of guests. */
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '#shared/errors/fault.ts';
import { run } from '#shared/process/run.ts';
import { exampleHost, guestSpec } from '../../../../test/fakes/compute-host.ts';
import { imageDisk, oneImage, qemuTest } from '../../../../test/fakes/qemu.ts';

qemuTest('a snapshot is retried while an interrupted upload still holds the image', async (t) => {
  const { open } = await exampleHost(t);
  const { api, sent } = await oneImage(t);
  const hypervisor = await open({ api });
  const spec = guestSpec();
  await hypervisor.ensureGuest(spec);
  const upload = { id: `${spec.id}/snapshot`, serverId: spec.id, imageId: 'stuck', format: 'raw' } as const;
  await assert.rejects(hypervisor.uploadSnapshot(upload), (error) => !(error instanceof Fault));
  assert.equal(sent.length, 0);
});

for (const power of ['on', 'off'] as const)
  for (const format of ['qcow2', 'raw'] as const)
    qemuTest(`a snapshot of a guest that is ${power}, as ${format}, has no backing file`, async (t) => {
      const { stateDir, open } = await exampleHost(t);
      const { api, sent, dir } = await oneImage(t);
      const hypervisor = await open({ api });
      const spec = guestSpec({ power, disks: [imageDisk({ sizeGb: 0 })] });
      await hypervisor.ensureGuest(spec);
      await hypervisor.uploadSnapshot({ id: `${spec.id}/snapshot`, serverId: spec.id, imageId: 'waiting', format });
      await hypervisor.uploadSnapshot({ id: `${spec.id}/snapshot`, serverId: spec.id, imageId: 'sent', format });
      const copy = join(dir, 'copy');
      await writeFile(copy, Buffer.concat(sent));
      const { stdout } = await run(['qemu-img', 'info', '-f', format, '--output=json', copy]);
      const info = JSON.parse(stdout);
      assert.equal(info['virtual-size'], 64 << 20);
      assert.equal(info['backing-filename'], undefined);
      assert.ok(!(await readdir(join(stateDir, 'guests', spec.id))).includes('snapshot.new'));
      assert.deepEqual(hypervisor.guests()[0]?.power, power);
    });
