/** The agent is killed before and after each of its effects on a real QEMU; the next agent ends what was begun. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { GuestSpec, ImageUpload, NicSpec } from '#shared/contracts/compute-agent.ts';
import { run, tryRun } from '#shared/process/run.ts';
import { diskSpec, exampleHost, guestSpec, nicSpec } from '../fakes/compute-host.ts';

const skip = spawnSync('qemu-system-x86_64', ['--version']).status !== 0 && 'qemu-system-x86_64 is not installed';
const child = join(import.meta.dirname, 'compute-agent-child.ts');

/** How many effects the deed has; or that the agent died at that one. */
async function deed(
  stateDir: string,
  spec: GuestSpec | ImageUpload | string,
  at = 0,
  when = 'before',
): Promise<number | 'died'> {
  const said = typeof spec === 'string' ? spec : JSON.stringify(spec);
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

interface Wire {
  nic(): NicSpec;
  /** How many taps there are. */
  taps(): Promise<number>;
}

/** A bridge for the guests of a test; without root they have user-mode networking and no tap is made. */
async function openWire(t: TestContext): Promise<Wire> {
  if (process.getuid?.() !== 0) return { nic: nicSpec, taps: async () => 0 };
  const mark = randomUUID().slice(0, 6);
  const bridge = `b${mark}`;
  await run(['ip', 'link', 'add', bridge, 'type', 'bridge']);
  t.after(() => run(['ip', 'link', 'delete', bridge]));
  let made = 0;
  return {
    nic: () => ({ ...nicSpec(), bridge, tap: `t${mark}${++made}` }),
    taps: async () => (await readdir(`/sys/class/net/${bridge}/brif`)).length,
  };
}

interface Story {
  readonly before: readonly GuestSpec[];
  /** During it the agent dies. */
  readonly deed: GuestSpec | ImageUpload;
  /** How the guest shall be in the end. */
  readonly spec: GuestSpec;
}

const configDrive = { 'openstack/latest/meta_data.json': '{}' };
const firstOn = (wire: Wire) => guestSpec({ nics: [wire.nic()], configDrive });
const changed = (before: GuestSpec, changes: Partial<GuestSpec>): Story => {
  const spec = { ...before, ...changes };
  return { before: [before], deed: spec, spec };
};

const stories: Record<string, (wire: Wire) => Story> = {
  'a first start': (wire) => ({ ...changed(firstOn(wire), {}), before: [] }),
  'a reboot': (wire) => changed(firstOn(wire), { boot: { mark: 'second', kind: 'hard' } }),
  'a disk and a NIC that come': (wire) => {
    const first = firstOn(wire);
    return changed(first, { disks: [...first.disks, diskSpec({ id: 'data' })], nics: [...first.nics, wire.nic()] });
  },
  'a power-off that takes a NIC': (wire) => changed(firstOn(wire), { power: 'off', nics: [] }),
  'a snapshot': (wire) => {
    const first = firstOn(wire);
    const upload = { id: `${first.id}/snapshot`, serverId: first.id, imageId: 'waiting', format: 'qcow2' } as const;
    return { before: [first], deed: upload, spec: first };
  },
};

/** Every fifth effect, in turn before and after it; WATTLE_TEST_EVERY=1 takes each. */
const every = Number(process.env.WATTLE_TEST_EVERY ?? 5);
const pointsOf = (count: number) =>
  Array.from({ length: Math.ceil(count / every) }, (_, at) => ({
    at: at * every + 1,
    when: at % 2 ? 'after' : 'before',
  }));

for (const [name, story] of Object.entries(stories)) {
  test(`K05, K06, K09, K10, K13, K14, K21, K26, K27: an agent killed anywhere in ${name} is followed by one that ends it`, {
    skip,
  }, async (t) => {
    const wire = await openWire(t);
    const { stateDir } = await exampleHost(t);
    const { before, deed: act, spec } = story(wire);
    const prepare = async () => {
      for (const each of before) await deed(stateDir, each);
    };
    await prepare();
    const count = await deed(stateDir, act);
    assert.ok(typeof count === 'number' && count > 5, `${count} effects`);
    for (const { at, when } of pointsOf(count)) {
      await deed(stateDir, spec.id);
      await prepare();
      await deed(stateDir, act, at, when);
      await endsWell(stateDir, spec, `${when} effect ${at}`);
      assert.equal(await wire.taps(), process.getuid?.() === 0 ? spec.nics.length : 0);
      if (act !== spec) assert.equal(typeof (await deed(stateDir, act)), 'number', 'and the deed can be done');
    }
  });
}

async function endsWell(stateDir: string, spec: GuestSpec, where: string): Promise<void> {
  assert.equal(typeof (await deed(stateDir, spec)), 'number', where);
  const running = guestProcesses(stateDir, spec.id);
  assert.equal(running.length, spec.power === 'off' ? 0 : 1, `${running.length} processes after a death ${where}`);
  const files = await readdir(join(stateDir, 'guests', spec.id));
  const half = files.filter((file) => /\.(secret|new|tree)$/.test(file));
  assert.deepEqual(half, [], `half made after a death ${where}`);
}

test('K13, K14, K16: an agent killed anywhere in a removal is followed by one that ends it', { skip }, async (t) => {
  const wire = await openWire(t);
  const { stateDir } = await exampleHost(t);
  const spec = firstOn(wire);
  await deed(stateDir, spec);
  const count = Number(await deed(stateDir, spec.id));
  for (const { at, when } of pointsOf(count)) {
    await deed(stateDir, spec);
    await deed(stateDir, spec.id, at, when);
    await deed(stateDir, spec.id);
    assert.deepEqual(await readdir(join(stateDir, 'guests')), [], `after a death ${when} effect ${at}`);
    assert.deepEqual(guestProcesses(stateDir, spec.id), []);
    assert.equal(await wire.taps(), 0);
  }
});
