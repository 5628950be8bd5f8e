/** The agent is killed before and after each of its effects on a real QEMU; the next agent finishes the operation. */
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

/** Returns the number of effects of the action, or `died` when the agent was killed at the given one. */
async function runAgent(
  stateDir: string,
  spec: GuestSpec | ImageUpload | string,
  at = 0,
  when = 'before',
): Promise<number | 'died'> {
  const argument = typeof spec === 'string' ? spec : JSON.stringify(spec);
  const { code, stdout, stderr } = await tryRun([process.execPath, child, stateDir, argument, String(at), when]);
  if (code === null) return 'died';
  assert.equal(code, 0, stderr);
  return Number(stdout);
}

/** Processes whose working directory is the guest's folder. */
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

interface TestNetwork {
  nic(): NicSpec;
  /** The number of taps on the bridge. */
  taps(): Promise<number>;
}

/** A bridge for the guests of a test; without root they have user-mode networking and no tap is made. */
async function openTestNetwork(t: TestContext): Promise<TestNetwork> {
  if (process.getuid?.() !== 0) return { nic: nicSpec, taps: async () => 0 };
  const suffix = randomUUID().slice(0, 6);
  const bridge = `b${suffix}`;
  await run(['ip', 'link', 'add', bridge, 'type', 'bridge']);
  t.after(() => run(['ip', 'link', 'delete', bridge]));
  let made = 0;
  return {
    nic: () => ({ ...nicSpec(), bridge, tap: `t${suffix}${++made}` }),
    taps: async () => (await readdir(`/sys/class/net/${bridge}/brif`)).length,
  };
}

interface Scenario {
  readonly before: readonly GuestSpec[];
  /** The action during which the agent is killed. */
  readonly action: GuestSpec | ImageUpload;
  /** The state of the guest at the end. */
  readonly spec: GuestSpec;
}

const configDrive = { 'openstack/latest/meta_data.json': '{}' };
const firstSpec = (wire: TestNetwork) => guestSpec({ nics: [wire.nic()], configDrive });
const changed = (before: GuestSpec, changes: Partial<GuestSpec>): Scenario => {
  const spec = { ...before, ...changes };
  return { before: [before], action: spec, spec };
};

const scenarios: Record<string, (wire: TestNetwork) => Scenario> = {
  'a first start': (wire) => ({ ...changed(firstSpec(wire), {}), before: [] }),
  'a reboot': (wire) => changed(firstSpec(wire), { boot: { mark: 'second', kind: 'hard' } }),
  'a hot plug of a disk and a NIC': (wire) => {
    const first = firstSpec(wire);
    return changed(first, { disks: [...first.disks, diskSpec({ id: 'data' })], nics: [...first.nics, wire.nic()] });
  },
  'a power-off that removes a NIC': (wire) => changed(firstSpec(wire), { power: 'off', nics: [] }),
  'a snapshot': (wire) => {
    const first = firstSpec(wire);
    const upload = { id: `${first.id}/snapshot`, serverId: first.id, imageId: 'waiting', format: 'qcow2' } as const;
    return { before: [first], action: upload, spec: first };
  },
};

/** Every fifth effect, alternately before and after it; WATTLE_TEST_EVERY=1 takes each. */
const every = Number(process.env.WATTLE_TEST_EVERY ?? 5);
const killPoints = (count: number) =>
  Array.from({ length: Math.ceil(count / every) }, (_, at) => ({
    at: at * every + 1,
    when: at % 2 ? 'after' : 'before',
  }));

for (const [name, story] of Object.entries(scenarios)) {
  test(`K05, K06, K09, K10, K13, K14, K21, K26, K27: after an agent is killed anywhere in ${name}, the next one finishes it`, {
    skip,
  }, async (t) => {
    const wire = await openTestNetwork(t);
    const { stateDir } = await exampleHost(t);
    const { before, action, spec } = story(wire);
    const prepare = async () => {
      for (const each of before) await runAgent(stateDir, each);
    };
    await prepare();
    const count = await runAgent(stateDir, action);
    assert.ok(typeof count === 'number' && count > 5, `${count} effects`);
    for (const { at, when } of killPoints(count)) {
      await runAgent(stateDir, spec.id);
      await prepare();
      await runAgent(stateDir, action, at, when);
      await assertConverges(stateDir, spec, `${when} effect ${at}`);
      assert.equal(await wire.taps(), process.getuid?.() === 0 ? spec.nics.length : 0);
      if (action !== spec) assert.equal(typeof (await runAgent(stateDir, action)), 'number', 'and the action succeeds');
    }
  });
}

async function assertConverges(stateDir: string, spec: GuestSpec, where: string): Promise<void> {
  assert.equal(typeof (await runAgent(stateDir, spec)), 'number', where);
  const running = guestProcesses(stateDir, spec.id);
  assert.equal(running.length, spec.power === 'off' ? 0 : 1, `${running.length} processes after a death ${where}`);
  const files = await readdir(join(stateDir, 'guests', spec.id));
  const partial = files.filter((file) => /\.(secret|new|tree)$/.test(file));
  assert.deepEqual(partial, [], `half made after a death ${where}`);
}

test('K13, K14, K16: after an agent is killed anywhere in a removal, the next one finishes it', { skip }, async (t) => {
  const wire = await openTestNetwork(t);
  const { stateDir } = await exampleHost(t);
  const spec = firstSpec(wire);
  await runAgent(stateDir, spec);
  const count = Number(await runAgent(stateDir, spec.id));
  for (const { at, when } of killPoints(count)) {
    await runAgent(stateDir, spec);
    await runAgent(stateDir, spec.id, at, when);
    await runAgent(stateDir, spec.id);
    assert.deepEqual(await readdir(join(stateDir, 'guests')), [], `after a death ${when} effect ${at}`);
    assert.deepEqual(guestProcesses(stateDir, spec.id), []);
    assert.equal(await wire.taps(), 0);
  }
});
