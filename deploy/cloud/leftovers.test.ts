import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { run, tryRun } from '#shared/process/run.ts';
import { findLeftovers, isEmpty, removeLeftovers } from './leftovers.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const newId = () => Array.from({ length: 4 }, () => 'abcdefghijkmnpqrstuvwxyz'.charAt(randomInt(24))).join('');

/** Creates a bridge, a namespace and a table, named as agents name them. */
async function createLeftovers(t: TestContext) {
  const id = newId();
  const names = { bridge: `b${id}0123456789`, namespace: `r-${id}-0123`, table: `w${id}` };
  t.after(async () => {
    await tryRun(['ip', 'link', 'delete', names.bridge]);
    await tryRun(['ip', 'netns', 'delete', names.namespace]);
    await tryRun(['nft', 'delete', 'table', 'inet', names.table]);
  });
  await run(['ip', 'link', 'add', names.bridge, 'type', 'bridge']);
  await run(['ip', 'netns', 'add', names.namespace]);
  await run(['nft', 'add', 'table', 'inet', names.table]);
  return { id, path: `/nowhere/${id}`, ...names };
}

test("what has the cloud's id in its name is found and removed, idempotently", { skip }, async (t) => {
  const cloud = await createLeftovers(t);
  assert.deepEqual(await removeLeftovers(cloud), {
    processes: [],
    namespaces: [cloud.namespace],
    links: [cloud.bridge],
    tables: [{ family: 'inet', name: cloud.table }],
  });
  assert.ok(isEmpty(await removeLeftovers(cloud)));
});

test('what belongs to another cloud is not removed', { skip }, async (t) => {
  const [ours, theirs] = [await createLeftovers(t), await createLeftovers(t)];
  await removeLeftovers(ours);
  const left = await findLeftovers(theirs);
  assert.deepEqual([left.links, left.namespaces, left.tables.length], [[theirs.bridge], [theirs.namespace], 1]);
});

test('a daemon is found by a directory of the cloud in its environment, an editor is ignored', async (t) => {
  const mark = { id: newId(), path: `/nowhere/${newId()}` };
  const begin = (argv0: string, folder: string) => {
    const child = spawn('sleep', ['60'], { argv0, env: { FOLDER: folder } });
    t.after(() => child.kill('SIGKILL'));
    return child.pid;
  };
  const ours = [begin('dnsmasq', `/run/wattle-${mark.id}/dhcp`), begin('qemu-system-x86_64', `${mark.path}/guests/1`)];
  begin('vim', `${mark.path}/wattle.yaml`);
  begin('dnsmasq', '/run/wattle-else/dhcp');
  const { processes } = await findLeftovers(mark);
  assert.deepEqual(new Set(processes.map(({ pid }) => pid)), new Set(ours));
});
