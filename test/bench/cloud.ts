/** A whole cloud in one process with fake hosts: start, memory, idle CPU, creating and listing servers. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request, textOf } from '#shared/clients/http.ts';
import { openSession, type Session } from '#shared/clients/session.ts';
import { run } from '#shared/process/run.ts';
import { withCleanup } from './cleanup.ts';
import { concurrently, median } from './measure.ts';
import { cpuUs, rssMb } from './proc.ts';
import { printLine, round, title } from './report.ts';

const root = join(import.meta.dirname, '../..');
const address = process.env.WATTLE_ADDRESS ?? '127.0.0.91';
const count = 1000;

const cpuMs = (pid: number): number => cpuUs(pid) / 1000;

export async function benchCloud(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-cloud-'));
  const home = join(folder, 'var');
  const env = {
    WATTLE_VAR: home,
    WATTLE_ADDRESS: address,
    WATTLE_COMPUTE_AGENT__DRIVER: 'fake',
    WATTLE_NETWORK_AGENT__DRIVER: 'fake',
    WATTLE_COMPUTE__INSTANCES: '-1',
    WATTLE_COMPUTE__CORES: '-1',
    WATTLE_COMPUTE__RAM_MB: '-1',
    WATTLE_COMPUTE_AGENT__FAKE_VCPUS: '4000',
    WATTLE_COMPUTE_AGENT__FAKE_RAM_MB: '4000000',
    WATTLE_COMPUTE_AGENT__FAKE_DISK_GB: '40000',
    WATTLE_NETWORK__QUOTA_PORT: '-1',
  };
  const wattle = (...args: string[]) =>
    run([process.execPath, join(root, 'deploy/wattle.js'), ...args], { cwd: root, env, timeoutMs: 120_000 });
  title('The whole cloud in one process, fake hosts');
  const purge = async () => {
    await wattle('purge', '--yes');
    rmSync(folder, { recursive: true, force: true });
  };
  await withCleanup(purge, async () => {
    await wattle('start');
    await wattle('stop');
    const seconds = await secondsOf(() => wattle('start'));
    printLine({ what: 'a restart, until it is ready', ...within(seconds, 3, ' s') });
    await measure(home);
  });
}

async function measure(home: string): Promise<void> {
  const pid = Number(readFileSync(join(home, 'run/all.pid'), 'utf8').split('\n')[0]);
  await idle(pid);
  const admin = openSession({
    identityUrl: `http://${address}:5000/v3`,
    user: 'admin',
    project: 'admin',
    region: 'RegionOne',
    password: async () => readFileSync(join(home, 'secrets/admin'), 'utf8').trim(),
  });
  await launch(admin, pid);
  await list(admin, pid);
  printLine({ what: `memory with ${count} servers`, figure: `${round(rssMb(pid))} MB` });
}

const within = (value: number, atMost: number, unit: string) => ({
  figure: `${round(value)}${unit}`,
  target: { value, atMost, unit },
});

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

async function idle(pid: number): Promise<void> {
  const seconds = 30;
  await sleep(15_000);
  const before = cpuMs(pid);
  await sleep(seconds * 1000);
  printLine({ what: 'idle: CPU of a core', ...within((cpuMs(pid) - before) / (seconds * 10), 2, ' %') });
  printLine({ what: 'idle: memory (RSS)', ...within(rssMb(pid), 200, ' MB') });
}

/** Creates the servers, eight requests at a time, and waits until all are ACTIVE. */
async function launch(admin: Session, pid: number): Promise<void> {
  const server = await createServerBody(admin);
  const trivial = await trivialMs(pid);
  const cpu = cpuMs(pid);
  const seconds = await secondsOf(async () => {
    await concurrently(8, count, () => admin.json('compute', '/servers', { method: 'POST', body: { server } }));
    await untilActive(admin);
  });
  const each = (cpuMs(pid) - cpu) / count;
  const perSecond = count / seconds;
  printLine({
    what: `${count} servers to ACTIVE`,
    figure: `${round(perSecond)}/s`,
    target: { value: perSecond, atLeast: 20, unit: '/s' },
  });
  printLine({
    what: 'CPU of one, all services and agents',
    figure: `${round(each)} ms`,
    control: `${round(each / trivial)} x a version document`,
  });
}

/** Creates a network and an image; returns the body of a server. */
async function createServerBody(admin: Session): Promise<object> {
  const { network } = await admin.json<{ network: { id: string } }>('network', '/v2.0/networks', {
    method: 'POST',
    body: { network: { name: 'blue' } },
  });
  await admin.json('network', '/v2.0/subnets', {
    method: 'POST',
    body: { subnet: { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/16' } },
  });
  const image = await admin.json<{ id: string }>('image', '/v2/images', {
    method: 'POST',
    body: { name: 'guest', disk_format: 'raw', container_format: 'bare' },
  });
  const upload = await admin.raw('image', `/v2/images/${image.id}/file`, {
    method: 'PUT',
    body: Buffer.alloc(65_536),
    headers: { 'content-type': 'application/octet-stream' },
  });
  await textOf(upload);
  const { flavors } = await admin.json<{ flavors: { id: string; name: string }[] }>('compute', '/flavors');
  const flavorRef = flavors.find(({ name }) => name === 'm1.nano')?.id;
  return { name: 'web', imageRef: image.id, flavorRef, networks: [{ uuid: network.id }] };
}

/** Gives up after a minute without progress. */
async function untilActive(admin: Session): Promise<void> {
  let [most, giveUp] = [0, Date.now() + 60_000];
  while (most < count) {
    const active = await countActive(admin);
    if (active > most) [most, giveUp] = [active, Date.now() + 60_000];
    if (Date.now() > giveUp) throw new Error(`only ${active} of ${count} servers became ACTIVE`);
    await sleep(1000);
  }
}

async function countActive(admin: Session): Promise<number> {
  const path = `/servers/detail?limit=${count}`;
  const { servers } = await admin.json<{ servers: { status: string }[] }>('compute', path);
  return servers.filter(({ status }) => status === 'ACTIVE').length;
}

/** The control: CPU time of a versions document from the same process. */
async function trivialMs(pid: number): Promise<number> {
  const before = cpuMs(pid);
  for (let n = 0; n < 1000; n += 1) await textOf(await request(`http://${address}:8774/`));
  return (cpuMs(pid) - before) / 1000;
}

async function list(admin: Session, pid: number): Promise<void> {
  const turns: { readonly cpu: number; readonly bytes: number }[] = [];
  for (let n = 0; n < 10; n += 1) {
    const before = cpuMs(pid);
    const text = await textOf(await admin.raw('compute', `/servers/detail?limit=${count}`));
    turns.push({ cpu: cpuMs(pid) - before, bytes: text.length });
  }
  const [first = { cpu: Number.NaN, bytes: 0 }, ...rest] = turns;
  const again = median(rest.map(({ cpu }) => cpu));
  printLine({
    what: `${count} servers in detail, first time`,
    ...within(first.cpu, 60, ' ms CPU'),
    control: `${(first.bytes / 1e6).toFixed(2)} MB`,
  });
  printLine({ what: `${count} servers in detail, again`, figure: `${round(again)} ms CPU` });
}
