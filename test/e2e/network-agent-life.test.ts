/** Recovery after restarts, kill -9 at any time, teardown of a host, and changes by other programs. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { listDnsmasq } from '../../services/network-agent/drivers/linux/dnsmasq.ts';
import { tearDown } from '../../services/network-agent/drivers/linux/sweep.ts';
import { run, tryRun } from '../../shared/process/run.ts';
import { sendSignal } from '../../shared/process/signal.ts';
import { type Host, hostPings, missing, openHost, type Work, workerFile } from './network-agent-host.ts';
import { twoNetworks, wholeLife } from './network-agent-networks.ts';
import { dhcpOf, groupOf, idOf } from './network-agent-specs.ts';

const skip = await missing();

test('networks are built again after a restart and after a teardown', { skip }, async (t) => {
  const { host, web } = await twoNetworks(t);
  const standing = async () => (await host.leftovers()).map(nameIn).filter((name) => !name.startsWith('t'));
  const before = await standing();
  await run(['ip', 'link', 'add', `b${host.cloudId}9999999999`, 'type', 'bridge']);
  await run(['ip', 'netns', 'add', `${host.names.table}-r-outsider`]);
  await host.restart();
  assert.ok(await web.pings('10.8.0.21'), 'after a restart');
  assert.ok(
    !(await host.leftovers()).some((line) => /999999|outsider/.test(line)),
    'objects without a spec are removed',
  );
  await host.driver.close();
  await tearDown(host.names);
  assert.deepEqual(await host.leftovers(), [], 'nothing is left');
  await host.restart();
  await until(async () => (await standing()).length === before.length);
});

test('K56, K57, K58: an agent killed at any time finishes its work, and removes everything again', {
  skip,
}, async (t) => {
  const host = await openHost(t);
  await host.driver.close();
  const { port, up, down } = wholeLife(host);
  await killedOnTheWay(host, up, [150, 250, 350, 500, 650]);
  await host.restart();
  const guest = await host.guest(port);
  assert.match(await guest.lease(), /ip=10\.7\.0\.11/);
  assert.ok(await guest.pings(`${host.external}.1`), 'through DHCP, router and gateway host');
  assert.ok(await hostPings(`${host.external}.100`), 'by floating IP');
  await host.driver.close();
  await killedOnTheWay(host, down, [150, 250, 350, 500]);
  await host.restart();
  assert.deepEqual(
    (await host.leftovers()).map(nameIn),
    ['table', 'table'],
    'only the rule that unknown taps carry nothing',
  );
});

test('the address of a deleted port works for the next port at once', { skip }, async (t) => {
  const host = await openHost(t);
  const blue = host.segment(1);
  await host.driver.ensureGroup(groupOf(1, [{}]));
  const lease = async (number: number) => {
    const port = host.port(number, blue, '10.7.0.11', { groupIds: [idOf(6, 1)] });
    await host.driver.ensurePort(port);
    await host.driver.ensureDhcp(dhcpOf(blue, '10.7.0', 1, [port]));
    const guest = await host.guest(port);
    const said = await guest.lease();
    await host.driver.ensurePortGone(port);
    return said;
  };
  assert.match(await lease(1), /ip=10\.7\.0\.11/);
  assert.match(await lease(2), /ip=10\.7\.0\.11/);
});

test('deleted bridges, rules and processes are repaired within healMs', { skip }, async (t) => {
  const host = await openHost(t, { healMs: 100 });
  const blue = host.segment(1);
  const port = host.port(1, blue, '10.7.0.11', { groupIds: [idOf(6, 1)] });
  await host.driver.ensureGroup(groupOf(1, [{}]));
  await host.driver.ensurePort(port);
  await host.driver.ensureDhcp(dhcpOf(blue, '10.7.0', 1, [port]));
  const guest = await host.guest(port);
  await killDnsmasq(host);
  await run(['ip', 'link', 'del', blue.bridge]);
  await run(['nft', 'delete', 'table', 'bridge', host.names.table]);
  await until(async () => listDnsmasq(host.names.runDir).length === 1);
  await until(async () => (await host.leftovers()).includes(`table bridge ${host.names.table}`));
  await until(async () => (await run(['ip', '-br', 'link', 'show', 'master', blue.bridge])).stdout.includes(port.tap));
  assert.match(await guest.lease(), /ip=10\.7\.0\.11/);
});

test('a host without changes is not modified', { skip }, async (t) => {
  const { host, router, blue } = await twoNetworks(t, { healMs: 50 });
  await host.driver.ensureDhcp(dhcpOf(blue, '10.7.0', 1, []));
  const namespace = host.names.routerNamespace(router.id);
  const handles = async () => [
    (await run(['nft', '-a', 'list', 'table', 'inet', host.names.table])).stdout,
    (await run(['ip', 'netns', 'exec', namespace, 'nft', '-a', 'list', 'ruleset'])).stdout,
  ];
  const before = await handles();
  for (const _ of [1, 2, 3]) {
    const dnsmasq = await killDnsmasq(host);
    await until(async () => listDnsmasq(host.names.runDir).some((pid) => pid !== dnsmasq), 'a look at the host');
  }
  assert.deepEqual(await handles(), before);
});

test('N12: while the controller is unreachable guests keep their leases, and metadata answers 503', {
  skip,
}, async (t) => {
  const { host, web, blue } = await twoNetworks(t);
  const port = host.port(1, blue, '10.7.0.11', { groupIds: [idOf(6, 1)] });
  await host.driver.ensureDhcp(dhcpOf(blue, '10.7.0', 1, [port]));
  host.owners.set(`${blue.networkId} 10.7.0.11`, 'web');
  host.serviceIsAway = true;
  assert.match(await web.lease(), /ip=10\.7\.0\.11/);
  assert.match(await web.asks('169.254.169.254', 80), /^HTTP\/1\.1 503 .*Try again/s);
  host.serviceIsAway = false;
  assert.match(await web.asks('169.254.169.254', 80), /^HTTP\/1\.1 200 /);
  await host.driver.close();
  assert.match(await web.lease(), /ip=10\.7\.0\.11/, 'also without an agent');
  assert.ok(await web.pings('10.8.0.21'));
  await host.restart();
  await until(async () => /200/.test(await web.asks('169.254.169.254', 80)), 'metadata after a restart');
});

test('OSSA-2015-001, OSSN-0082: a dnsmasq that cannot start delays no other network, and is started later', {
  skip,
}, async (t) => {
  const host = await openHost(t, { healMs: 100 });
  const [blue, red] = [host.segment(1), host.segment(2)];
  const dir = join(host.names.runDir, 'dhcp', blue.networkId);
  await mkdir(dirname(dir), { recursive: true });
  await writeFile(dir, 'no directory can be made here');
  await assert.rejects(host.driver.ensureDhcp(dhcpOf(blue, '10.7.0', 1, [])));
  await host.driver.ensureDhcp(dhcpOf(red, '10.8.0', 2, []));
  const [pid, ...others] = listDnsmasq(host.names.runDir);
  assert.deepEqual(others, []);
  assert.match(await readFile(`/proc/${pid}/status`, 'utf8'), /^Uid:\s+[1-9]\d*\s/m, 'it does not run as root');
  await rm(dir);
  await until(async () => listDnsmasq(host.names.runDir).length === 2, 'the first');
});

test('changes inside a router or at a tap are repaired within healMs', {
  skip,
}, async (t) => {
  const { host, router, web, blue } = await twoNetworks(t, { healMs: 100 });
  const floating = `${host.external}.100`;
  await host.driver.ensureRouter({ ...router, floatingIps: [{ id: 'f', floating, fixed: '10.7.0.11' }] });
  const namespace = host.names.routerNamespace(router.id);
  const inRouter = (...words: string[]) => run(['ip', 'netns', 'exec', namespace, ...words]);
  assert.ok(await hostPings(floating));
  const table = ['inet', host.names.table];
  const breakages: Record<string, () => Promise<unknown>> = {
    'a chain of the host': () => run(['nft', 'flush', 'chain', ...table, 'guests']),
    'the way out of the host': () => run(['nft', 'flush', 'chain', ...table, 'way_out']),
    'a rule of another program': () => run(['nft', 'insert', 'rule', ...table, 'guests', 'drop']),
    'all rules': () => run(['nft', 'delete', 'table', ...table]),
    'the rules of addresses': () => inRouter('nft', 'flush', 'ruleset'),
    'the way out': () => inRouter('ip', 'route', 'del', 'default'),
    'an address': () => inRouter('ip', 'addr', 'flush', 'dev', `qr-${idOf(5, 16).replaceAll('-', '').slice(0, 11)}`),
    'an interface': () => inRouter('ip', 'link', 'set', `qr-${idOf(5, 16).replaceAll('-', '').slice(0, 11)}`, 'down'),
    'the namespace': () => run(['ip', 'netns', 'del', namespace]),
    'the tap': () => run(['ip', 'link', 'set', host.port(1, blue, '').tap, 'down']),
  };
  host.owners.set(`${blue.networkId} 10.7.0.11`, 'web');
  const listed = async () => (await tryRun(['nft', 'list', 'table', ...table])).stdout.split('\n').sort().join('\n');
  const before = await listed();
  for (const [what, breaks] of Object.entries(breakages)) {
    await breaks();
    await until(() => hostPings(floating), `${what} is whole again`);
    await until(async () => (await web.get('http://169.254.169.254/x')) === 'web /x', `metadata after ${what}`);
    await until(async () => (await listed()) === before, `the rules after ${what}`);
  }
});

/** Kills an agent after each delay; the next one finds all work still open, as from its service. */
async function killedOnTheWay(host: Host, work: readonly Work[], afterMs: readonly number[]): Promise<void> {
  for (const ms of [...afterMs, null]) {
    const child = spawn(process.execPath, [workerFile, host.cloudId, host.stateDir], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.end(JSON.stringify(work));
    await once(child.stdout, 'data');
    if (ms !== null) setTimeout(() => child.kill('SIGKILL'), ms);
    const [code] = await once(child, 'exit');
    if (ms === null) assert.equal(code, 0, 'the last agent finishes');
  }
}

/** Kills the only dnsmasq of a host, once it runs: while one starts there are none or two. */
async function killDnsmasq(host: Host): Promise<number | undefined> {
  await until(async () => listDnsmasq(host.names.runDir).length === 1, 'one dnsmasq');
  const [pid] = listDnsmasq(host.names.runDir);
  sendSignal(pid, 'SIGKILL');
  return pid;
}

/** The name in a line of `ip` or `nft`. */
const nameIn = (line: string) => line.split(/[ @]/)[0] ?? '';

async function until(holds: () => Promise<boolean>, what = 'it'): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(20)) if (await holds()) return;
  throw new Error(`${what} did not come true within 10 s`);
}
