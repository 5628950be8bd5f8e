/** Three management nodes: any one of them may lose its power, or its network, at any moment. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './cloud.ts';
import { canSimulate, type LabHost, ok } from './lab.ts';
import { allTogether, holds, longestGap, serialAt, sql, startThree, startWriter } from './management.ts';

const mostMs = 10_000;

test('three management nodes lose their power in turn, and one its network, while a client writes', {
  skip: canSimulate,
}, async (t) => {
  const began = Date.now();
  const { lab, client, hosts } = await startThree(t);
  const [first] = hosts as [LabHost, LabHost, LabHost];
  t.diagnostic(`init and two joins: ${Date.now() - began} ms`);

  const leaders = async () => {
    const found = await Promise.all(hosts.map(async (host) => ((await holds(host)) ? [host] : [])));
    return found.flat();
  };
  const leader = async () => {
    const [one, ...others] = await leaders();
    assert.ok(one, 'a node has the address');
    assert.equal(others.length, 0, 'one node has the address');
    return one;
  };
  const acknowledged = new Set<string>();
  const maybe = new Set<string>();
  /** Writes during a fault. Every acknowledged write is there afterwards, once; none is there that was refused. */
  const during = async (what: string, fault: (writer: ReturnType<typeof startWriter>) => Promise<void>) => {
    await allTogether(hosts);
    const writer = startWriter(client, first, `${what}-`);
    await writer.until('the client writes', 0);
    await fault(writer);
    const writes = await writer.end();
    const gapMs = longestGap(writes);
    for (const { status, name } of writes) (status === 201 ? acknowledged : maybe).add(name);
    const done = writes.filter(({ status }) => status === 201).length;
    t.diagnostic(`${what}: ${done} writes acknowledged, ${writes.length - done} not, at most ${gapMs} ms between two`);
    assert.ok(gapMs < mostMs, `${what}: ${gapMs} ms without a write`);
  };
  const networks = async () => {
    const rows = await sql(await leader(), 'SELECT name FROM wattle_network.networks');
    return rows.split('\n').filter((name) => /-\d+$/.test(name));
  };
  const nothingLost = async () => {
    const found = await networks();
    const lost = [...acknowledged].filter((name) => !found.includes(name));
    assert.deepEqual(lost, [], 'acknowledged, and lost');
    assert.equal(new Set(found).size, found.length, 'none is there twice');
    assert.deepEqual(
      found.filter((name) => !acknowledged.has(name) && !maybe.has(name)),
      [],
    );
  };

  await t.test('B09: a renewed certificate is used at every port, without a restart', async () => {
    const [module, path] = [join(lab.folder, 'clone/deploy/rack/watch-cloud.ts'), first.path];
    const script = `const { renewWhenDue } = await import('${module}'); await renewWhenDue('${path}', Date.now() + 300 * 86_400_000);`;
    ok(await first.run([process.execPath, '--input-type=module', '-e', script]));
    const { serialNumber } = new X509Certificate(readFileSync(join(path, 'tls/node.crt')));
    for (const port of [8770, 3306, 5671, 5000])
      await eventually(
        `the certificate is in use at port ${port}`,
        async () => (await serialAt(first, port)) === serialNumber,
      );
  });

  for (const host of hosts)
    await t.test(`B06, D04: ${host.name} loses its power`, async () => {
      const leads = (await leader()) === host ? 'leader' : 'follower';
      await during(`${leads}-${host.name}`, async (writer) => {
        await host.off();
        await writer.until('the client writes again', Date.now());
        await sleep(1_000);
        await host.on();
        ok(await host.wattle('start'));
      });
      await allTogether(hosts);
      await nothingLost();
    });

  await t.test('B07, D12: the leader is cut off: it takes no writes, and another one leads', async () => {
    const cut = await leader();
    await during('cut', async (writer) => {
      await cut.unplug('mgmt');
      await writer.until('the client writes again', Date.now());
      await eventually('the address is gone there', async () => !(await holds(cut)), mostMs);
      await assert.rejects(sql(cut, 'CREATE DATABASE elsewhere'), /not yet prepared node for application use/);
      await cut.plug('mgmt');
      await writer.until('the client goes on', Date.now());
    });
    await allTogether(hosts);
    assert.notEqual(await leader(), cut);
    await nothingLost();
  });

  await t.test('D11: all lose their power at once, and start in another order', async () => {
    const writer = startWriter(client, first, 'all-');
    await writer.until('the client writes', 0);
    await Promise.all(hosts.map((host) => host.off()));
    for (const { status, name } of await writer.end()) (status === 201 ? acknowledged : maybe).add(name);
    const again = Date.now();
    for (const host of hosts) await host.on();
    await Promise.all(hosts.toReversed().map(async (host) => ok(await host.wattle('start'))));
    await allTogether(hosts);
    t.diagnostic(`all three after a power cut of all: together after ${Date.now() - again} ms`);
    await nothingLost();
  });

  await t.test('all are stopped, one after the other, and start again', async () => {
    for (const host of hosts) ok(await host.wattle('stop'));
    const again = Date.now();
    await Promise.all(hosts.map(async (host) => ok(await host.wattle('start'))));
    await allTogether(hosts);
    t.diagnostic(`all three after a stop of all: together after ${Date.now() - again} ms`);
    await during('usual', async (writer) => writer.until('the client writes', Date.now()).then(() => {}));
    await nothingLost();
  });
});
