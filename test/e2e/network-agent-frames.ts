/** Crafted frames, sent and captured on the links of guests. */
import { spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { run } from '../../shared/process/run.ts';

const python = '/usr/bin/python3';
// Runs on one CPU, so that frames stay in order.
const begin = `
import os, socket, sys
os.sched_setaffinity(0, {0})
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind(("eth0", 0))
`;
const sender = `${begin}
for line in sys.stdin: wire.send(bytes.fromhex(line.strip()))
`;
const listener = `${begin}
print("ready", flush=True)
while True:
    frame, where = wire.recvfrom(65535)
    if where[2] != socket.PACKET_OUTGOING: print(frame.hex(), flush=True)
`;

/** Sends the frames in order from a guest's namespace. */
export async function inject(namespace: string, frames: readonly Buffer[]): Promise<void> {
  const input = frames.map((frame) => `${frame.toString('hex')}\n`).join('');
  await run(['ip', 'netns', 'exec', namespace, python, '-c', sender], { input });
}

/** Captures the frames that reach a guest from now on until the marker, as hexadecimal text. */
export async function sniff(t: TestContext, namespace: string): Promise<(marker: Buffer) => Promise<string[]>> {
  const child = spawn('ip', ['netns', 'exec', namespace, python, '-c', listener], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  const heard = on(lines, 'line') as AsyncIterableIterator<[string]>;
  return async (marker) => {
    const frames: string[] = [];
    for (let next = await heard.next(); !next.done; next = await heard.next()) {
      const [frame] = next.value;
      if (frame.includes(marker.subarray(14).toString('hex'))) return frames;
      frames.push(frame);
    }
    return frames;
  };
}

const bytes = (text: string) => Buffer.from(text.replaceAll(/[ :]/g, ''), 'hex');
export const everybody = 'ff:ff:ff:ff:ff:ff';

export const ethernet = (to: string, from: string, type: string, payload: Buffer): Buffer =>
  Buffer.concat([bytes(to), bytes(from), bytes(type), payload]);

export const address4 = (text: string): Buffer => Buffer.from(text.split('.').map(Number));
/** An IPv6 address with all eight groups, or with one `::`. */
export function address6(text: string): Buffer {
  const [head = '', tail] = text.split('::').map((part) => part.split(':').filter(Boolean));
  const [front, back] = [[...head], [...(tail ?? [])]];
  const middle = Array<string>(8 - front.length - back.length).fill('0');
  return bytes([...front, ...middle, ...back].map((word) => word.padStart(4, '0')).join(''));
}

/** ARP: `op` 1 is a request, 2 a reply; the sender claims the address at `mac`. */
export const arp = (op: 1 | 2, mac: string, address: string, target: string): Buffer =>
  Buffer.concat([
    bytes(`0001 0800 06 04 000${op}`),
    bytes(mac),
    address4(address),
    bytes('000000000000'),
    address4(target),
  ]);

export function ip4(from: string, to: string, payload: Buffer): Buffer {
  const head = bytes('4500 0000 0001 0000 40 11 0000');
  head.writeUInt16BE(20 + payload.length, 2);
  const packet = Buffer.concat([head, address4(from), address4(to)]);
  packet.writeUInt16BE(checksum(packet), 10);
  return Buffer.concat([packet, payload]);
}

/** UDP without a checksum, which IPv4 allows. */
export function udp(from: number, to: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(from, 0);
  head.writeUInt16BE(to, 2);
  head.writeUInt16BE(8 + payload.length, 4);
  return Buffer.concat([head, payload]);
}

export function ip6(from: string, to: string, next: number, payload: Buffer, hops = 255): Buffer {
  const head = bytes('6000 0000 0000 00 00');
  head.writeUInt16BE(payload.length, 4);
  head.writeUInt8(next, 6);
  head.writeUInt8(hops, 7);
  return Buffer.concat([head, address6(from), address6(to), payload]);
}

/** An ICMPv6 or UDP payload with its checksum. */
export function summed6(from: string, to: string, next: 17 | 58, packet: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeUInt32BE(packet.length, 0);
  length.writeUInt8(next, 7);
  const sum = checksum(Buffer.concat([address6(from), address6(to), length, packet]));
  const whole = Buffer.from(packet);
  whole.writeUInt16BE(sum, next === 58 ? 2 : 6);
  return whole;
}

/** An IPv6 packet in two fragments, where only the second has the upper-layer header: the first has empty options. */
export function inFragments(from: string, to: string, next: number, payload: Buffer, firstSize = 1232): Buffer[] {
  const options = Buffer.alloc(firstSize);
  options.set([next, firstSize / 8 - 1]);
  for (let at = 2; at < firstSize; at += 200) options.set([1, Math.min(200, firstSize - at) - 2], at);
  const part = (offset: number, more: 0 | 1, data: Buffer) => {
    const head = Buffer.from([60, 0, 0, 0, 0x12, 0x34, 0x56, next]);
    head.writeUInt16BE(offset | more, 2);
    return ip6(from, to, 44, Buffer.concat([head, data]));
  };
  return [part(0, 1, options), part(firstSize, 0, payload)];
}

function checksum(data: Buffer): number {
  const even = data.length % 2 ? Buffer.concat([data, Buffer.alloc(1)]) : data;
  let sum = 0;
  for (let at = 0; at < even.length; at += 2) sum += even.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
