/** Images of guests: downloaded once, and refused when they do not match their declaration. */
import assert from 'node:assert/strict';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskSpec, GuestSpec } from '#shared/contracts/compute-agent.ts';
import { exampleHost, guestSpec } from '../../../../test/fakes/compute-host.ts';
import { faultMatching, imageDisk, oneImage, processOf, qemuTest } from '../../../../test/fakes/qemu.ts';

qemuTest('an image is downloaded once for all guests, and a guest keeps running when it is evicted', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const { api, calls } = await oneImage(t);
  const hypervisor = await open({ api });
  const specs = [1, 2, 3].map(() => guestSpec({ disks: [imageDisk()] }));
  await Promise.all(specs.map((spec) => hypervisor.ensureGuest(spec)));
  assert.equal(calls.downloads, 1);
  assert.deepEqual(await readdir(join(stateDir, 'images')), ['one.qcow2']);
  await rm(join(stateDir, 'images', 'one.qcow2')); // as evicted: each guest has its own link
  const [spec] = specs as [GuestSpec];
  assert.equal((await hypervisor.ensureGuest({ ...spec, boot: { mark: 'again', kind: 'hard' } })).power, 'on');
});

const refused: [string, Parameters<typeof oneImage>[1], Partial<DiskSpec>, RegExp][] = [
  ['whose bytes are not those of its checksum', { hash: 'f'.repeat(128) }, {}, /checksum/],
  ['with a backing file', { createArgs: ['-b', 'below', '-F', 'raw'] }, {}, /backing file/],
  ['with another format than declared', { format: 'vmdk' }, {}, /declared as vmdk, but its bytes are qcow2/],
  ['that is larger than the disk', {}, { sizeGb: 0.03 }, /smaller than its image/],
  ['of a few bytes with a virtual size of 10 TiB', { size: '10T' }, { sizeGb: 1 }, /smaller than its image/],
];
for (const [what, image, disk, message] of refused) {
  qemuTest(`OSSA-2013-012: an image ${what} is refused, and nothing runs`, async (t) => {
    const { stateDir, open } = await exampleHost(t);
    const { api } = await oneImage(t, image);
    const hypervisor = await open({ api });
    const spec = guestSpec({ disks: [imageDisk(disk)] });
    await assert.rejects(hypervisor.ensureGuest(spec), faultMatching(message));
    assert.equal(await processOf(stateDir, spec.id), null);
    assert.deepEqual(
      (await readdir(join(stateDir, 'images'))).filter((name) => name.startsWith('work-')),
      [],
    );
  });
}
