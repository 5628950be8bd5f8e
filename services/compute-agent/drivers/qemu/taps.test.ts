/** Taps on real bridges. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { run } from '#shared/process/run.ts';
import { exampleHost, guestSpec, nicSpec, until } from '../../../../test/fakes/compute-host.ts';
import { recordOf, rootTest } from '../../../../test/fakes/qemu.ts';

rootTest('a tap belongs to the guest’s user, is on its bridge, and is removed with the NIC', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const mark = randomUUID().slice(0, 8);
  const bridge = `b${mark}`;
  const nic = { ...nicSpec(), tap: `t${mark}`, bridge };
  const spec = guestSpec({ nics: [nic] });
  const pending = hypervisor.ensureGuest(spec); // the bridge is created after the spec
  await until('the guest is known', async () => hypervisor.guests().length);
  await run(['ip', 'link', 'add', bridge, 'type', 'bridge']);
  t.after(() => run(['ip', 'link', 'delete', bridge]));
  await pending;
  const of = async (name: string) => (await readFile(`/sys/class/net/${nic.tap}/${name}`, 'utf8')).trim();
  assert.equal(Number(await of('owner')), (await recordOf(stateDir, spec.id)).uid);
  assert.equal(await of('mtu'), '1450');
  assert.equal(await of('address'), nic.mac.replace(/^fa/, 'fe'));
  assert.deepEqual(await readdir(`/sys/class/net/${bridge}/brif`), [nic.tap]);
  await hypervisor.ensureGuest({ ...spec, power: 'off', nics: [] });
  assert.deepEqual(await readdir(`/sys/class/net/${bridge}/brif`), []);
  await hypervisor.ensureGuest(spec);
  await hypervisor.ensureGuestGone({ id: spec.id });
  assert.deepEqual(await readdir(`/sys/class/net/${bridge}/brif`), []);
});
