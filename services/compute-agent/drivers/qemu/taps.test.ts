/** Taps on real bridges. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { run } from '#shared/process/run.ts';
import { exampleHost, guestWish, nicWish, until } from '../../../../test/fakes/compute-host.ts';
import { recordOf, rootTest } from '../../../../test/fakes/qemu.ts';

rootTest('a tap belongs to the guest’s user, hangs on its bridge, and goes with the NIC', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const mark = randomUUID().slice(0, 8);
  const bridge = `b${mark}`;
  const nic = { ...nicWish(), tap: `t${mark}`, bridge };
  const wish = guestWish({ nics: [nic] });
  const late = hypervisor.ensureGuest(wish); // the bridge comes a moment after the wish
  await until('the guest is known', async () => hypervisor.guests().length);
  await run(['ip', 'link', 'add', bridge, 'type', 'bridge']);
  t.after(() => run(['ip', 'link', 'delete', bridge]));
  await late;
  const of = async (name: string) => (await readFile(`/sys/class/net/${nic.tap}/${name}`, 'utf8')).trim();
  assert.equal(Number(await of('owner')), (await recordOf(stateDir, wish.id)).uid);
  assert.equal(await of('mtu'), '1450');
  assert.equal(await of('address'), nic.mac.replace(/^fa/, 'fe'));
  assert.deepEqual(await readdir(`/sys/class/net/${bridge}/brif`), [nic.tap]);
  await hypervisor.ensureGuest({ ...wish, power: 'off', nics: [] });
  assert.deepEqual(await readdir(`/sys/class/net/${bridge}/brif`), []);
  await hypervisor.ensureGuest(wish);
  await hypervisor.ensureGuestGone({ id: wish.id });
  assert.deepEqual(await readdir(`/sys/class/net/${bridge}/brif`), []);
});
