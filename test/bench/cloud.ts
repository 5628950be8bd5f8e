/** The whole cloud in one process, fake hosts: start, memory, idle CPU, servers made and listed. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request, textOf } from '#shared/clients/http.ts';
import { openSession, type Session } from '#shared/clients/session.ts';
import { run } from '#shared/process/run.ts';
import { median } from './measure.ts';

const root = join(import.meta.dirname, '../..');
const address = '127.0.0.91';
const say = (what: string, figure: string, note = '') =>
  process.stdout.write(`  ${what.padEnd(58)} ${figure.padStart(12)}   ${note}\n`);

/** Of a process and all its threads, in milliseconds: utime and stime of /proc, at 100 a second. */
const cpuMs = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
};
const rssMb = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)?.[1]) / 1024;

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
  const wattle = (...words: string[]) =>
    run([process.execPath, join(root, 'deploy/wattle.js'), ...words], { cwd: root, env, timeoutMs: 120_000 });
  process.stdout.write('\nThe whole cloud, one process\n');
  try {
    await wattle('start');
    await wattle('stop');
    const began = performance.now();
    await wattle('start');
    say('a restart, until it is ready', `${((performance.now() - began) / 1000).toFixed(2)} s`, 'at most 3 s');
    const pid = Number(readFileSync(join(home, 'run/all.pid'), 'utf8').match(/\d+/)?.[0]);
    await idle(pid);
    const password = async () => readFileSync(join(home, 'secrets/admin'), 'utf8').trim();
    const admin = openSession({
      identityUrl: `http://${address}:5000/v3`,
      user: 'admin',
      project: 'admin',
      region: 'RegionOne',
      password,
    });
    await launch(admin, pid, 1000);
    await list(admin, pid);
    say('memory with 1000 servers', `${rssMb(pid).toFixed(0)} MB`);
  } finally {
    await wattle('purge', '--yes');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function idle(pid: number): Promise<void> {
  await sleep(15_000);
  const before = cpuMs(pid);
  await sleep(30_000);
  say('idle: CPU of a core', `${((cpuMs(pid) - before) / 300).toFixed(2)} %`, 'under 2 %');
  say('idle: memory (RSS)', `${rssMb(pid).toFixed(0)} MB`, 'at most 200 MB');
}

/** So many servers, a few requests side by side, until all are ACTIVE. */
async function launch(admin: Session, pid: number, count: number): Promise<void> {
  const network = await admin.json<{ network: { id: string } }>('network', '/v2.0/networks', {
    method: 'POST',
    body: { network: { name: 'blue' } },
  });
  await admin.json('network', '/v2.0/subnets', {
    method: 'POST',
    body: { subnet: { network_id: network.network.id, ip_version: 4, cidr: '10.0.0.0/16' } },
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
  const server = { name: 'web', imageRef: image.id, flavorRef, networks: [{ uuid: network.network.id }] };
  const active = async () => (await statuses(admin)).filter((status) => status === 'ACTIVE').length;
  const trivial = await trivialMs(pid);
  const [cpu, began] = [cpuMs(pid), performance.now()];
  let left = count;
  const worker = async () => {
    while (left-- > 0) await admin.json('compute', '/servers', { method: 'POST', body: { server } });
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  const giveUp = Date.now() + 120_000;
  while ((await active()) < count && Date.now() < giveUp) await sleep(1000);
  const seconds = (performance.now() - began) / 1000;
  const each = (cpuMs(pid) - cpu) / count;
  say(`${await active()} servers to ACTIVE`, `${(count / seconds).toFixed(1)}/s`, 'at least 20/s');
  say(
    'CPU of one, all services and agents',
    `${each.toFixed(1)} ms`,
    `${(each / trivial).toFixed(0)} times a version document`,
  );
}

async function statuses(admin: Session): Promise<string[]> {
  const { servers } = await admin.json<{ servers: { status: string }[] }>('compute', '/servers/detail?limit=1000');
  return servers.map(({ status }) => status);
}

/** The control: CPU of the smallest answer of the same process. */
async function trivialMs(pid: number): Promise<number> {
  const before = cpuMs(pid);
  for (let n = 0; n < 1000; n += 1) await textOf(await request(`http://${address}:8774/`));
  return (cpuMs(pid) - before) / 1000;
}

async function list(admin: Session, pid: number): Promise<void> {
  const turns: { cpu: number; bytes: number }[] = [];
  for (let n = 0; n < 10; n += 1) {
    const before = cpuMs(pid);
    const text = await textOf(await admin.raw('compute', '/servers/detail?limit=1000'));
    turns.push({ cpu: cpuMs(pid) - before, bytes: text.length });
  }
  const first = turns[0];
  say(
    '1000 servers in detail, first time',
    `${first?.cpu} ms CPU`,
    `${((first?.bytes ?? 0) / 1e6).toFixed(2)} MB; at most 60 ms`,
  );
  say('1000 servers in detail, again', `${median(turns.slice(1).map(({ cpu }) => cpu))} ms CPU`);
}
