import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { diskSpec, exampleHost, guestSpec, nicSpec, until } from '../../../../../test/fakes/compute-host.ts';
import type { Hypervisor } from '../../hypervisor.ts';

const transferOf = () => ({ id: randomUUID(), transferKey: Buffer.alloc(32, 7).toString('base64url') });

/** A guest whose firmware runs, with a local disk, a NIC and a config drive, and another host. */
async function guestAndHost(t: TestContext) {
  const [source, dest] = [await exampleHost(t), await exampleHost(t)];
  const spec = guestSpec({
    disks: [diskSpec({ id: 'root', bootIndex: 0 }), diskSpec({ id: 'ephemeral0' })],
    nics: [nicSpec()],
    configDrive: { a: 'b' },
  });
  const here = await source.open();
  const { machine } = await here.ensureGuest(spec);
  return { spec: { ...spec, machine }, here, there: await dest.open(), source, dest };
}

type Guests = Awaited<ReturnType<typeof guestAndHost>>;

async function receive({ here, there, spec }: Pick<Guests, 'here' | 'there' | 'spec'>, transfer = transferOf()) {
  const of = { serverId: spec.id, transfer };
  const from = await here.offerGuest({ id: `${spec.id}/offer`, ...of, live: true });
  const wanted = { id: `${spec.id}/receive`, ...of, from, guest: spec, copies: ['root', 'ephemeral0'] };
  const { address } = await there.receiveGuest(wanted);
  const send = { id: `${spec.id}/send`, ...of, to: address, copies: wanted.copies };
  return { wanted, send };
}

const powerOn = (host: Hypervisor) => host.guests()[0]?.power;

test('a running guest goes to another host with its local disks, and back', async (t) => {
  const { spec, here, there } = await guestAndHost(t);
  const { wanted, send } = await receive({ here, there, spec });
  await here.sendGuest(send);
  await here.sendGuest(send);
  await until('the guest runs there', () => powerOn(there) === 'on');
  assert.equal((await there.receiveGuest(wanted)).arrived, true);
  assert.notEqual(powerOn(here), 'on');
  await here.ensureGuestGone({ id: spec.id });
  assert.equal((await there.ensureGuest(spec)).power, 'on');

  const back = await receive({ here: there, there: here, spec });
  await there.sendGuest(back.send);
  await until('the guest runs here', () => powerOn(here) === 'on');
  await there.ensureGuestGone({ id: spec.id });
  assert.equal((await here.ensureGuest({ ...spec, disks: [...spec.disks, diskSpec()] })).power, 'on');
});

test('a guest that could not be sent goes on where it was', async (t) => {
  const { spec, here, there } = await guestAndHost(t);
  const { send } = await receive({ here, there, spec });
  await there.ensureGuestGone({ id: spec.id });
  await assert.rejects(here.sendGuest(send), /live migration failed/);
  assert.equal((await here.ensureGuest(spec)).power, 'on');
  const again = await receive({ here, there, spec });
  await here.sendGuest(again.send);
  await until('the guest runs there', () => powerOn(there) === 'on');
});

test('a guest that was sent stays paused at its old host, also for the next agent, until compute says otherwise', async (t) => {
  const { spec, here, there, source } = await guestAndHost(t);
  const { send } = await receive({ here, there, spec });
  await here.sendGuest(send);
  await here.close();
  const next = await source.open();
  await next.recover(async () => 'on');
  assert.notEqual(powerOn(next), 'on');
  await until('the guest runs there', () => powerOn(there) === 'on');
  await there.ensureGuestGone({ id: spec.id });
  assert.equal((await next.ensureGuest(spec)).power, 'on');
});

test('OSSA-2015-015: a guest that is removed is not sent any more', async (t) => {
  const { spec, here, there } = await guestAndHost(t);
  const { send } = await receive({ here, there, spec });
  const sent = here.sendGuest(send).then(
    () => 'sent',
    (error: Error) => error.message,
  );
  await here.ensureGuestGone({ id: spec.id });
  await there.ensureGuestGone({ id: spec.id });
  assert.match(await sent, /aborted|sent/);
  assert.deepEqual([here.guests(), there.guests()], [[], []]);
});
