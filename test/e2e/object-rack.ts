/** Object agents in processes of their own, as on several hosts, and a proxy in this process that calls them over HTTP. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { readRing } from '#shared/ring/config.ts';
import type { Ring } from '#shared/ring/ring.ts';
import { followRingFile } from '#shared/ring/ring-file.ts';
import { freePort } from '../fakes/free-port.ts';
import { filesBelow, openProxy, runtimeOf, temporary, type Words } from './object-cloud.ts';

export interface RackHost {
  readonly folder: string;
  start(): Promise<void>;
  kill(): Promise<void>;
  pause(): void;
  wake(): void;
  /** Replaces its disks by empty ones; only while it is down. */
  wipe(): void;
  /** The files of all objects on a device of this host. */
  objects(device: string): string[];
}

export interface Rack {
  readonly folder: string;
  readonly hosts: readonly RackHost[];
  readonly ring: Ring;
  readonly url: string;
  readonly ask: (method: string, to: string, headers?: Record<string, string>, body?: string) => Promise<Response>;
}

const fast = { replicateMs: 100, auditMs: 3_600_000, reportMs: 50, rehashMs: 200 };

/** Each host has an address of its own. */
const hostAddress = (at: number) => `127.1.1.${at + 1}`;

/** `devices`: the names of the devices of each host. */
export async function startRack(
  t: TestContext,
  devices: readonly (readonly string[])[],
  agent: Words = {},
  ring: Words = {},
): Promise<Rack> {
  const folder = temporary(t);
  const ports = await Promise.all(devices.map(() => freePort()));
  const names = devices.flatMap((own, at) => own.map((name) => `z${at}-${hostAddress(at)}:${ports[at]}/${name}`));
  const words = { devices: names, secret: 'between hosts', ...ring };
  const hosts = ports.map((port, at) => {
    const own = join(folder, `host${at}`);
    return hostIn(t, own, { agent: { ...fast, ...agent, listen: `${hostAddress(at)}:${port}` }, ring: words });
  });
  await Promise.all(hosts.map((host) => host.start()));
  const runtime = runtimeOf(join(folder, 'proxy'), {}, words);
  const read = readRing(runtime.settings);
  const following = followRingFile(
    read,
    join(folder, 'proxy'),
    () => {},
    () => {},
  );
  t.after(() => following.close());
  const { url, close } = await openProxy(runtime, read);
  t.after(close);
  const ask: Rack['ask'] = (method, to, headers = {}, body) =>
    fetch(`${url}/v1/AUTH_p${to}`, {
      method,
      headers: { 'x-auth-token': 'u:p:member', ...headers },
      ...(body === undefined ? {} : { body }),
    });
  return { folder, hosts, ring: read, url, ask };
}

function hostIn(t: TestContext, folder: string, settings: Words): RackHost {
  mkdirSync(folder, { recursive: true });
  const file = join(import.meta.dirname, 'object-agent-child.ts');
  let child: ChildProcess | undefined;
  const start = async () => {
    child = spawn(process.execPath, [file, folder, JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout as NodeJS.ReadableStream, 'data');
  };
  const kill = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  t.after(kill);
  return {
    folder,
    start,
    kill,
    pause: () => child?.kill('SIGSTOP'),
    wake: () => child?.kill('SIGCONT'),
    wipe: () => rmSync(join(folder, 'object-agent'), { recursive: true }),
    objects: (device) => filesBelow(join(folder, 'object-agent', device, 'objects')),
  };
}
