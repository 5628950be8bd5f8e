/** Image headers that a guest wrote, on its disk or, after an escape, in the file of its disk. */
import assert from 'node:assert/strict';
import { open as openFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { run } from '#shared/process/run.ts';
import { diskSpec, exampleHost, guestSpec } from '../../../../test/fakes/compute-host.ts';
import { dynamicVhd, qcow2, vhdx, vmdk } from '../../../../test/fakes/hostile-images/builders.ts';
import { faultMatching, imageDisk, oneImage, qemuTest } from '../../../../test/fakes/qemu.ts';

const secretText = 'secret of the host '.repeat(4000);

/** A guest that is off, its folder, and a secret file of the host. */
async function offGuest(t: TestContext, disks = [imageDisk({ sizeGb: 0 })]) {
  const { stateDir, open } = await exampleHost(t);
  const { api, sent, dir } = await oneImage(t);
  const hypervisor = await open({ api });
  const spec = guestSpec({ power: 'off', disks });
  await hypervisor.ensureGuest(spec);
  const secret = join(dir, 'secret');
  await writeFile(secret, secretText);
  const snapshot = async (format: 'raw' | 'qcow2') => {
    sent.length = 0;
    await hypervisor.uploadSnapshot({ id: `${spec.id}/snapshot`, serverId: spec.id, imageId: 'waiting', format });
    const copy = join(dir, `copy.${format}`);
    await writeFile(copy, Buffer.concat(sent));
    return copy;
  };
  return { hypervisor, spec, secret, snapshot, folder: join(stateDir, 'guests', spec.id), dir };
}

const planted: Readonly<Record<string, (secret: string) => Buffer>> = {
  qcow2: (secret) => qcow2({ backing: secret }),
  vmdk: (secret) => vmdk({ descriptor: `parentFileNameHint="${secret}"` }),
  vhdx: () => vhdx({ parameters: 2 }),
  vhd: () => dynamicVhd({ head: 4 }),
};

for (const [format, header] of Object.entries(planted))
  qemuTest(
    `OSSA-2014-009, OSSA-2016-001, OSSA-2016-007: a ${format} header on a guest's disk is plain data, in snapshots and when the disk grows`,
    async (t) => {
      const { hypervisor, spec, secret, snapshot, folder, dir } = await offGuest(t);
      const bytes = Buffer.concat([header(secret), Buffer.alloc(2 ** 20)]).subarray(0, 2 ** 20);
      await writeFile(join(dir, 'planted'), bytes);
      const write = `write -q -s ${join(dir, 'planted')} 0 1M`;
      await run(['qemu-io', '-f', 'qcow2', '-c', write, 'root.qcow2'], { cwd: folder });
      const check = async () => {
        const raw = await readFile(await snapshot('raw'));
        assert.ok(raw.subarray(0, 2 ** 20).equals(bytes));
        assert.ok(!raw.includes('secret of the host '.repeat(2)));
        const copy = await snapshot('qcow2');
        const info = JSON.parse((await run(['qemu-img', 'info', '-f', 'qcow2', '--output=json', copy])).stdout);
        assert.deepEqual([info['backing-filename'], info.format], [undefined, 'qcow2']);
      };
      await check();
      await hypervisor.ensureGuest({ ...spec, disks: [imageDisk({ sizeGb: 0.0703125 })] });
      await check();
    },
  );

/** Overwrites the backing file name; the header has its offset. */
async function replaceBackingName(path: string, to: string): Promise<void> {
  const file = await openFile(path, 'r+');
  const { buffer } = await file.read(Buffer.alloc(512), 0, 512, 0);
  await file.write(to, Number(buffer.readBigUInt64BE(8)));
  buffer.writeUInt32BE(to.length, 16);
  await file.write(buffer.subarray(0, 20), 0, 20, 0);
  await file.close();
}

qemuTest(
  'OSSA-2026-002: the backing file name in the header of a disk is not used, neither for a snapshot nor when the disk grows',
  async (t) => {
    const { hypervisor, spec, secret, snapshot, folder } = await offGuest(t);
    await replaceBackingName(join(folder, 'root.qcow2'), secret);
    assert.ok(!(await readFile(await snapshot('raw'))).includes('secret of the host'));
    await hypervisor.ensureGuest({ ...spec, disks: [imageDisk({ sizeGb: 0.0703125 })] });
    assert.ok(!(await readFile(await snapshot('raw'))).includes('secret of the host'));
  },
);

qemuTest('a disk whose header names an external data file is refused', async (t) => {
  const { hypervisor, spec, folder, snapshot } = await offGuest(t, [
    diskSpec({ id: 'root', bootIndex: 0, sizeGb: 0.0703125 }),
  ]);
  const file = await openFile(join(folder, 'root.qcow2'), 'r+');
  await file.write(Buffer.from([0, 0, 0, 0, 0, 0, 0, 4]), 0, 8, 72);
  await file.close();
  await assert.rejects(snapshot('raw'), faultMatching(/another file/));
  const larger = { ...spec, disks: [diskSpec({ id: 'root', bootIndex: 0, sizeGb: 0.09375 })] };
  await assert.rejects(hypervisor.ensureGuest(larger), faultMatching(/another file/));
});
