/** Limits of ports, measured with real traffic, and marks of packets. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { listenInNetns } from '../../shared/process/listen-in-netns.ts';
import { missing, openHost } from './network-agent-host.ts';
import { plugged } from './network-agent-networks.ts';
import { groupOf } from './network-agent-specs.ts';

const skip = await missing();

/** How many kilobits per second of a stream of TCP arrive, beside what passes at once: a second of the rate, and the burst. */
async function rateKbps(
  from: Guest,
  to: Guest,
  address: string,
  kilobytes: number,
  atOnceKb = 4000 + 800,
): Promise<number> {
  const server = await listenInNetns(to.namespace, 7100, '::');
  const arrived = new Promise<number>((resolve) => {
    server.once('connection', (socket: Socket) => {
      let bytes = 0;
      socket.on('data', (chunk) => {
        bytes += chunk.length;
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(bytes));
      socket.on('end', () => socket.end());
    });
  });
  const started = performance.now();
  const send = `head -c ${kilobytes * 1000} /dev/zero > /dev/tcp/${address}/7100`;
  await from.exec('timeout', '60', 'bash', '--norc', '-c', send);
  const bytes = await arrived;
  server.close();
  assert.equal(bytes, kilobytes * 1000);
  return Math.max(0, (bytes * 8) / 1000 - atOnceKb) / ((performance.now() - started) / 1000);
}
type Guest = Awaited<ReturnType<typeof plugged>>;

test('what a guest sends and gets stays within the limits of its port, and other directions are not limited', {
  skip,
}, async (t) => {
  const host = await openHost(t);
  const segment = host.segment(1);
  const group = groupOf(1, [{}]);
  await host.driver.ensureGroup(group);
  const limited = host.port(1, segment, '10.7.0.11', { groupIds: [group.id] });
  const one = await plugged(host, limited);
  const two = await plugged(host, host.port(2, segment, '10.7.0.12', { groupIds: [group.id] }));
  const withLimit = (direction: 'egress' | 'ingress') =>
    host.driver.ensurePort({ ...limited, qos: { limits: [{ direction, kbps: 4000, burstKb: 800 }], dscp: null } });
  await withLimit('egress');
  const sent = await rateKbps(one, two, '10.7.0.12', 1500);
  assert.ok(sent > 1000 && sent < 4400, `${sent} kbit/s sent with a limit of 4000`);
  const got = await rateKbps(two, one, '10.7.0.11', 3000, 0);
  assert.ok(got > 8000, `${got} kbit/s got without a limit`);
  await withLimit('ingress');
  const received = await rateKbps(two, one, '10.7.0.11', 1500);
  assert.ok(received > 1000 && received < 4400, `${received} kbit/s got with a limit of 4000`);
  t.diagnostic(`limit 4000 kbit/s: sent ${sent.toFixed()}, got ${received.toFixed()}; without: ${got.toFixed()}`);
});

test('packets of a port have its mark', { skip }, async (t) => {
  const host = await openHost(t);
  const segment = host.segment(1);
  const group = groupOf(1, [{}]);
  await host.driver.ensureGroup(group);
  const marked = host.port(1, segment, '10.7.0.11', { groupIds: [group.id], qos: { limits: [], dscp: 46 } });
  const one = await plugged(host, marked);
  const two = await plugged(host, host.port(2, segment, '10.7.0.12', { groupIds: [group.id] }));
  const count =
    'add table ip c; add chain ip c in { type filter hook input priority 0; }; add rule ip c in ip dscp 46 counter';
  await two.exec('nft', count);
  assert.ok(await one.pings('10.7.0.12'));
  const { stdout } = await two.exec('nft', 'list', 'chain', 'ip', 'c', 'in');
  assert.match(stdout, /counter packets [1-9]/);
});
