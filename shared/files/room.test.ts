import assert from 'node:assert/strict';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { run, tryRun } from '#shared/process/run.ts';
import { NoRoom, openRoom } from './room.ts';

const MiB = 2 ** 20;
const options = { skip: process.getuid?.() !== 0 && 'only root can mount' };

async function smallDisk(t: TestContext, mib: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'room-'));
  await run(['mount', '-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', folder]);
  t.after(async () => {
    await tryRun(['umount', '-l', folder]);
    await rm(folder, { recursive: true });
  });
  return folder;
}

test('reservations that together do not fit are refused before a byte is written', options, async (t) => {
  const room = await openRoom(await smallDisk(t, 40), { reserveBytes: 2 * MiB });
  const asked = await Promise.allSettled(Array.from({ length: 10 }, () => room.reserve(8 * MiB)));
  const given = asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  assert.equal(given.length, 4); // of 38 MiB
  for (const each of asked) if (each.status === 'rejected') assert.ok(each.reason instanceof NoRoom);
  for (const each of given) each.release();
  assert.equal(await room.freeBytes(), 38 * MiB);
});

test(
  'what is written counts once, and what is not is given back; two stores on one disk know of each other',
  options,
  async (t) => {
    const folder = await smallDisk(t, 40);
    const [one, other] = [await openRoom(folder, { reserveBytes: 0 }), await openRoom(folder, { reserveBytes: 0 })];
    const reservation = await one.reserve(10 * MiB);
    assert.equal(await other.freeBytes(), 30 * MiB);
    const file = await open(join(folder, 'a'), 'w');
    await file.write(Buffer.alloc(4 * MiB, 1));
    await file.close();
    reservation.wrote(4 * MiB);
    assert.equal(await other.freeBytes(), 30 * MiB);
    await assert.rejects(reservation.grow(31 * MiB), NoRoom);
    reservation.release();
    reservation.release();
    assert.equal(await other.freeBytes(), 36 * MiB);
  },
);

test('the reserve is at most a twentieth of a small disk', options, async (t) => {
  const room = await openRoom(await smallDisk(t, 40), { reserveBytes: 2 ** 40 });
  assert.equal(await room.freeBytes(), 38 * MiB);
});

test('work of unknown size is aborted before the disk is full', options, async (t) => {
  const folder = await smallDisk(t, 60);
  const room = await openRoom(folder, { reserveBytes: 2 ** 40, lookMs: 1 });
  const slow = ['sh', '-c', `while :; do head -c 262144 /dev/zero >> ${folder}/a || exit 1; done`];
  await assert.rejects(
    room.within((signal) => run(slow, { signal })),
    NoRoom,
  );
  const file = await open(join(folder, 'row'), 'w');
  await file.write(Buffer.alloc(64 * 1024, 1)); // there is still room for what must go on
  await file.close();
  assert.equal(await room.within(async () => 'done').catch((error) => error.constructor.name), 'NoRoom');
});
