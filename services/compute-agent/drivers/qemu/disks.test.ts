/** Disks of guests: blank, from an image, formatted. */
import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestSpec } from '#shared/contracts/compute-agent.ts';
import { run } from '#shared/process/run.ts';
import { diskSpec, exampleHost, guestSpec } from '../../../../test/fakes/compute-host.ts';
import { imageDisk, oneImage, qemuTest } from '../../../../test/fakes/qemu.ts';

qemuTest('disks grow, running or not, and never shrink', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const spec = guestSpec();
  const sized = (sizeGb: number): GuestSpec => ({ ...spec, disks: [diskSpec({ id: 'root', bootIndex: 0, sizeGb })] });
  const bytes = async () => (await readFile(join(stateDir, 'guests', spec.id, 'root.qcow2'))).readBigUInt64BE(24);
  await hypervisor.ensureGuest(sized(1));
  await hypervisor.ensureGuest(sized(2));
  assert.equal(await bytes(), 2n << 30n);
  await hypervisor.ensureGuest({ ...sized(3), power: 'off' });
  await hypervisor.ensureGuest({ ...sized(1), power: 'off' });
  assert.equal(await bytes(), 3n << 30n);
});

qemuTest('a disk without a size is as large as its image; another image recreates it', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const { api } = await oneImage(t);
  const hypervisor = await open({ api });
  const spec = guestSpec({ power: 'off', disks: [imageDisk({ sizeGb: 0 })] });
  await hypervisor.ensureGuest(spec);
  const path = join(stateDir, 'guests', spec.id, 'root.qcow2');
  assert.equal((await readFile(path)).readBigUInt64BE(24), 64n << 20n);
  const { birthtimeMs } = await stat(path);
  await hypervisor.ensureGuest(spec);
  assert.equal((await stat(path)).birthtimeMs, birthtimeMs);
  const source = { kind: 'image', imageId: 'two', format: 'qcow2' } as const;
  await hypervisor.ensureGuest({ ...spec, disks: [imageDisk({ sizeGb: 0, source })] });
  assert.notEqual((await stat(path)).birthtimeMs, birthtimeMs);
  assert.deepEqual(
    (await readdir(join(stateDir, 'guests', spec.id))).filter((name) => name.startsWith('base-')),
    ['base-two.qcow2'],
  );
});

qemuTest('swap and ephemeral disks are formatted', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const sizeGb = 0.0625;
  const spec = guestSpec({
    power: 'off',
    disks: [diskSpec({ id: 'swap', sizeGb }), diskSpec({ id: 'ephemeral0', sizeGb })],
  });
  await hypervisor.ensureGuest(spec);
  const folder = join(stateDir, 'guests', spec.id);
  const headOf = async (key: string) => {
    await run(
      ['qemu-img', 'dd', '-f', 'qcow2', '-O', 'raw', 'bs=4096', 'count=1', `if=${key}.qcow2`, `of=${key}.raw`],
      { cwd: folder },
    );
    return readFile(join(folder, `${key}.raw`));
  };
  assert.equal((await headOf('swap')).toString('latin1', 4086, 4096), 'SWAPSPACE2');
  assert.equal((await headOf('ephemeral0')).readUInt16LE(0x438), 0xef53);
});
