/** The agent is killed before and after each of its effects on a real QEMU; the next agent ends what was begun. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { GuestWish } from '#shared/contracts/compute-agent.ts';
import { tryRun } from '#shared/process/run.ts';
import { diskWish, exampleHost, guestWish, nicWish } from '../../services/compute-agent/drivers/example.ts';

const skip = spawnSync('qemu-system-x86_64', ['--version']).status !== 0 && 'qemu-system-x86_64 is not installed';
const child = join(import.meta.dirname, 'compute-agent-child.ts');

/** How many effects the deed has; or that the agent died at that one. */
async function deed(stateDir: string, wish: GuestWish | string, at = 0, when = 'before'): Promise<number | 'died'> {
  const said = typeof wish === 'string' ? wish : JSON.stringify(wish);
  const { code, stdout, stderr } = await tryRun([process.execPath, child, stateDir, said, String(at), when]);
  if (code === null) return 'died';
  assert.equal(code, 0, stderr);
  return Number(stdout);
}

/** Processes that work in a guest's folder. */
const guestProcesses = (stateDir: string, id: string) =>
  readdirSync('/proc').filter((pid) => {
    try {
      return (
        readlinkSync(`/proc/${pid}/cwd`) === join(stateDir, 'guests', id) &&
        readFileSync(`/proc/${pid}/cmdline`).length > 0
      );
    } catch {
      return false;
    }
  });

interface Story {
  readonly before: readonly GuestWish[];
  readonly wish: GuestWish;
}

const drive = { 'openstack/latest/meta_data.json': '{}' };
const first = guestWish({ nics: [nicWish()], configDrive: drive });
const stories: Record<string, Story> = {
  'a first start': { before: [], wish: first },
  'a reboot': { before: [first], wish: { ...first, boot: { mark: 'second', kind: 'hard' } } },
  'a disk and a NIC that come': {
    before: [first],
    wish: { ...first, disks: [...first.disks, diskWish({ id: 'data' })], nics: [...first.nics, nicWish()] },
  },
  'a power-off': { before: [first], wish: { ...first, power: 'off' } },
};

/** Every third effect, in turn before and after it; WATTLE_TEST_EVERY=1 takes each. */
const every = Number(process.env.WATTLE_TEST_EVERY ?? 3);
const pointsOf = (count: number) =>
  Array.from({ length: Math.ceil(count / every) }, (_, at) => ({
    at: at * every + 1,
    when: at % 2 ? 'after' : 'before',
  }));

for (const [name, { before, wish }] of Object.entries(stories)) {
  test(`an agent killed anywhere in ${name} is followed by one that ends it`, { skip }, async (t) => {
    const { stateDir } = await exampleHost(t);
    const prepare = async () => {
      for (const each of before) await deed(stateDir, each);
    };
    await prepare();
    const count = await deed(stateDir, wish);
    assert.ok(typeof count === 'number' && count > 5, `${count} effects`);
    for (const { at, when } of pointsOf(count)) {
      await deed(stateDir, wish.id);
      await prepare();
      await deed(stateDir, wish, at, when);
      await endsWell(stateDir, wish, `${when} effect ${at}`);
    }
  });
}

async function endsWell(stateDir: string, wish: GuestWish, where: string): Promise<void> {
  assert.equal(typeof (await deed(stateDir, wish)), 'number', where);
  const running = guestProcesses(stateDir, wish.id);
  assert.equal(running.length, wish.power === 'off' ? 0 : 1, `${running.length} processes after a death ${where}`);
  const files = await readdir(join(stateDir, 'guests', wish.id));
  assert.deepEqual(
    files.filter((file) => /\.(secret|new|tree)$/.test(file)),
    [],
    `half made after a death ${where}`,
  );
}

test('an agent killed anywhere in a removal is followed by one that ends it', { skip }, async (t) => {
  const { stateDir } = await exampleHost(t);
  await deed(stateDir, first);
  const count = Number(await deed(stateDir, first.id));
  for (const { at, when } of pointsOf(count)) {
    await deed(stateDir, first);
    await deed(stateDir, first.id, at, when);
    await deed(stateDir, first.id);
    assert.deepEqual(await readdir(join(stateDir, 'guests')), [], `after a death at effect ${at}`);
    assert.deepEqual(guestProcesses(stateDir, first.id), []);
  }
});
