/** A rack is upgraded one host at a time, under load and with a guest that runs, and back again. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '#shared/process/run.ts';
import { eventually, type RackCloud, startCloud, tunnel } from './cloud.ts';
import { canSimulate, type LabHost, ok, openLab } from './lab.ts';

const guest = process.env.WATTLE_TEST_GUEST ?? '';
const all = ['mgmt', 'stor', 'tun', 'ext'] as const;

/** The release before: a commit of some time ago, or the one of the environment. */
const from = process.env.WATTLE_TEST_FROM ?? 'HEAD~15';

/** Networks are made and deleted without a pause, until it is ended. */
function startLoad(cloud: RackCloud) {
  const counts = { done: 0, failed: 0 };
  let ended = false;
  const loop = async () => {
    for (let at = 0; !ended; at += 1)
      await cloud
        .openstack('network', 'create', `load${at}`)
        .then(() => cloud.openstack('network', 'delete', `load${at}`))
        .then(
          () => (counts.done += 1),
          () => (counts.failed += 1),
        );
  };
  const ending = loop();
  const end = async () => {
    ended = true;
    await ending;
    return counts;
  };
  return { counts, end };
}

const guestPid = async (host: LabHost): Promise<string> =>
  (await host.run(['pgrep', '-o', 'qemu-system'])).stdout.trim();

/** As a package does: the processes end, and those of the other tree start. */
async function restartWith(host: LabHost, tree: string): Promise<void> {
  ok(await host.wattle('stop'));
  host.useTree(tree);
  const started = await host.wattle('start');
  if (started.code === 0) return;
  const warnings = 'grep -h -v \'"level":"info"\' "$0"/log/*.log | cut -c1-600 | tail -12';
  const { stdout } = await host.run(['bash', '-c', warnings, host.path]);
  throw new Error(`${host.name} does not start from ${tree}: ${started.stderr}\n${stdout}`);
}

async function replaceIn(file: string, text: string, by: string): Promise<void> {
  const before = readFileSync(file, 'utf8');
  assert.ok(before.includes(text), `${file} has ${text}`);
  writeFileSync(file, before.replace(text, by));
}

test('two hosts are upgraded one after the other and back, and a guest and the load go on', {
  skip: canSimulate,
}, async (t) => {
  const lab = await openLab(t, [
    { name: 'mgmt1', networks: all },
    { name: 'comp1', networks: all },
  ]);
  const [mgmt1, comp1] = lab.hosts as [LabHost, LabHost];
  await lab.addTree('former', from);
  for (const host of lab.hosts) host.useTree('former');
  const options = [...tunnel(comp1), '--external', 'ext'];
  const cloud = await startCloud(lab, mgmt1, [{ host: comp1, role: 'compute,network', options }]);
  const isUp = async (name: string) => new RegExp(`^${name} .* up  `, 'm').test((await cloud.node('list')).stdout);
  await eventually('comp1 is up', () => isUp('comp1'));
  const answers = async () => (await cloud.openstack('network', 'agent', 'list', '-f', 'value')).includes('comp1');
  await eventually('the APIs answer, with the settings that a join changes', answers);
  await cloud.addPrerequisites(guest);
  await cloud.addServer('web');
  const pid = await guestPid(comp1);
  assert.match(pid, /^\d+$/);
  const load = startLoad(cloud);
  let servers = 0;
  /** What both hosts take part in; the guest of before is the same process. */
  const works = async () => {
    servers += 1;
    await cloud.addServer(`s${servers}`);
    await cloud.openstack('server', 'delete', '--wait', `s${servers}`);
    assert.equal(await guestPid(comp1), pid);
    assert.equal(await cloud.openstack('server', 'show', 'web', '-f', 'value', '-c', 'status'), 'ACTIVE');
  };

  await t.test('U02: the management node is upgraded; an agent of the release before serves it', async () => {
    await restartWith(mgmt1, 'clone');
    await eventually('comp1 is up', () => isUp('comp1'));
    await works();
  });

  await t.test('the compute host is upgraded; its guest goes on', async () => {
    await restartWith(comp1, 'clone');
    await works();
  });

  await t.test('the compute host goes back; the newer services use the former agent', async () => {
    await restartWith(comp1, 'former');
    await works();
    await restartWith(comp1, 'clone');
  });

  await t.test('requests failed only while the management node was restarted', async () => {
    const { done, failed } = await load.end();
    t.diagnostic(`${done} rounds of load done, ${failed} failed`);
    assert.ok(done > 3 && failed < done, `${done} done, ${failed} failed`);
  });

  await t.test('a controller that is too old for the schema is refused by name, and those that run go on', async () => {
    const next = join(lab.folder, 'next');
    await run(['cp', '-a', join(lab.folder, 'clone'), next]);
    const migrations = join(next, 'services/image/migrations/all.ts');
    const later = "const later = { name: '900-later', up: async () => {} };\n";
    await replaceIn(migrations, 'export const migrations', `${later}export const migrations`);
    const text = readFileSync(migrations, 'utf8');
    const at = text.lastIndexOf(']');
    writeFileSync(migrations, `${text.slice(0, at)}, later${text.slice(at)}`);
    await restartWith(mgmt1, 'next');
    await works();
    const own = ['start', '--foreground', '--role', 'image'];
    const { code, stdout } = await mgmt1.run([process.execPath, join(lab.folder, 'clone/deploy/main.js'), ...own]);
    assert.deepEqual([code, /belongs to a later release \(it has 900-later\)/.test(stdout)], [1, true], stdout);
    await works();
  });
});
