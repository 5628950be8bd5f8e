/** QEMU's user-mode networking, used without root: the test sends frames in place of a guest. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { nicParts } from '../../services/compute-agent/drivers/qemu/devices.ts';
import { tryRun } from '../../shared/process/run.ts';

const found = await tryRun(['qemu-system-x86_64', '--version']).catch(() => null);
const skip = found?.code === 0 ? false : 'needs qemu-system-x86_64';

test('OSSN-0018: with user-mode networking a guest reaches no listener of its host', { skip }, async (t) => {
  const nic = { portId: 'p', mac: 'fa:16:3e:00:00:01', mtu: 1450, bridge: null, tap: '' };
  const { netdev } = nicParts(nic, { slots: {}, bases: {}, initiator: '', ceph: null });
  assert.equal(await reachesHost(t, { ...netdev, restrict: false }), true, 'without restrict the frame arrives');
  assert.equal(await reachesHost(t, netdev), false);
});

/** Returns whether a connection to 10.0.2.2, the loopback of the host, arrives. */
async function reachesHost(t: TestContext, netdev: Readonly<Record<string, unknown>> & { readonly id: string }) {
  const callers: (number | undefined)[] = [];
  const server = createServer((socket) => {
    callers.push(socket.remotePort);
    socket.on('error', () => {}).destroy();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  const wire = await plugged(t, netdev);
  t.after(() => server.close());
  const answered = once(wire.socket, 'message').then(() => 'answered');
  // Frames are lost until QEMU is ready. A reply to the second frame proves that the first was processed.
  const ask = () => wire.send(synTo(port), holderOf).then(() => 'asked');
  while ((await Promise.race([answered, ask()])) !== 'answered');
  // A connection of the test arrives after any connection of the guest.
  const own = connect(port, '127.0.0.1').on('error', () => {});
  await once(own, 'connect');
  const { localPort } = own;
  while (!callers.includes(localPort)) await new Promise(setImmediate);
  return callers.length > 1;
}

/** QEMU without a virtual machine: a hub between user-mode networking and a socket of the test. */
async function plugged(t: TestContext, netdev: Readonly<Record<string, unknown>> & { readonly id: string }) {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const theirs = await freeUdpPort();
  const udp = { type: 'inet', host: '127.0.0.1', port: String(socket.address().port) };
  const netdevs = [
    netdev,
    { type: 'hubport', id: 'h1', hubid: 0, netdev: netdev.id },
    { type: 'dgram', id: 's', local: { ...udp, port: String(theirs) }, remote: udp },
    { type: 'hubport', id: 'h2', hubid: 0, netdev: 's' },
  ];
  const words = [
    '-machine',
    'none',
    '-nographic',
    '-nodefaults',
    ...netdevs.flatMap((each) => ['-netdev', JSON.stringify(each)]),
  ];
  const qemu = spawn('qemu-system-x86_64', words, { stdio: 'ignore' });
  t.after(() => {
    qemu.kill('SIGKILL');
    socket.close();
  });
  const send = async (...frames: Buffer[]) => {
    for (const frame of frames) socket.send(frame, theirs, '127.0.0.1');
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  return { socket, send };
}

async function freeUdpPort(): Promise<number> {
  const probe = createSocket('udp4').bind(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise<void>((resolve) => probe.close(resolve));
  return port;
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const guestMac = 'fa163e000001';
const guestAddress = '0a00020f';
const hostAddress = '0a000202';
const holderOf = hex(
  `ffffffffffff ${guestMac} 0806 0001 0800 06 04 0001 ${guestMac} ${guestAddress} 000000000000 ${hostAddress}`,
);

/** The first frame of a connection to 10.0.2.2. */
function synTo(port: number): Buffer {
  const ip = hex(`4500 0028 0001 4000 4006 0000 ${guestAddress} ${hostAddress}`);
  const tcp = hex('c000 0000 00000001 00000000 5002 ffff 0000 0000');
  tcp.writeUInt16BE(port, 2);
  ip.writeUInt16BE(checksum(ip), 10);
  tcp.writeUInt16BE(checksum(Buffer.concat([hex(`${guestAddress} ${hostAddress} 0006 0014`), tcp])), 16);
  return Buffer.concat([hex(`52550a000202 ${guestMac} 0800`), ip, tcp]);
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
