/** A Ceph cluster of one machine: a monitor, a manager and OSDs on plain files. Its processes have their data below one folder. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, tryRun } from '#shared/process/run.ts';
import { sendSignal } from '#shared/process/signal.ts';
import { freePort } from '../fakes/free-port.ts';

export interface Ceph {
  readonly conf: string;
  /** Has volumes, and is read by guests. */
  readonly pool: string;
  /** Runs `ceph` or `rbd` as the administrator. */
  admin(...argv: readonly string[]): Promise<string>;
  /** Ends an OSD at once, as a power cut does. */
  killOsd(id: number): Promise<void>;
  startOsd(id: number): Promise<void>;
  stop(): Promise<void>;
}

export const cephUser = 'wattle-volume';
export const guestUser = 'wattle-guest';
export const imagesPool = 'images';
const pool = 'volumes';
const minutes = 60_000;

/** The caller creates and removes the folder. */
export async function startCeph(dir: string, osds = 3): Promise<Ceph> {
  for (const each of ['mon', 'mgr', 'osd', 'run', 'log']) mkdirSync(join(dir, each), { recursive: true });
  const conf = join(dir, 'ceph.conf');
  const fsid = crypto.randomUUID();
  const mon = { v1: await freePort(), v2: await freePort() };
  const address = `[v2:127.0.0.1:${mon.v2},v1:127.0.0.1:${mon.v1}]`;
  writeFileSync(conf, confText(dir, fsid, address));
  const base = ['-c', conf];
  const admin = async (...[command = '', ...args]: readonly string[]) =>
    (await run([command, ...base, ...args], { timeoutMs: 2 * minutes })).stdout;
  const startOsd = async (id: number) =>
    void (await run(['ceph-osd', ...base, '-i', String(id)], { timeoutMs: minutes }));
  const ceph: Ceph = {
    conf,
    pool,
    admin,
    startOsd,
    killOsd: (id) => end(dir, `osd.${id}.pid`, 'SIGKILL'),
    stop: async () => {
      for (const name of readdirSync(join(dir, 'run')).filter((each) => each.endsWith('.pid')))
        await end(dir, name, 'SIGKILL');
    },
  };
  try {
    await startMonitor(dir, fsid, address, base);
    await run(['ceph-mgr', ...base, '-i', 'x'], { timeoutMs: minutes });
    for (let id = 0; id < osds; id += 1) await addOsd(dir, id, admin, startOsd);
    await addPools(dir, admin);
    await untilHealthy(admin);
    return ceph;
  } catch (error) {
    await ceph.stop();
    throw error;
  }
}

async function untilHealthy(admin: Ceph['admin'], deadline = Date.now() + 2 * minutes): Promise<void> {
  for (;;) {
    const health = await admin('ceph', 'health', 'detail');
    if (health.startsWith('HEALTH_OK')) return;
    if (Date.now() > deadline) throw new Error(`the cluster does not become healthy: ${health}`);
    await sleep(300);
  }
}

async function startMonitor(dir: string, fsid: string, address: string, base: readonly string[]): Promise<void> {
  const admin = join(dir, 'client.admin.keyring');
  const keys = join(dir, 'mon.keyring');
  const map = join(dir, 'monmap');
  const caps = ['--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *', '--cap', 'mgr', 'allow *'];
  await run(['ceph-authtool', '--create-keyring', admin, '--gen-key', '-n', 'client.admin', ...caps]);
  await run(['ceph-authtool', '--create-keyring', keys, '--gen-key', '-n', 'mon.', '--cap', 'mon', 'allow *']);
  await run(['ceph-authtool', keys, '--import-keyring', admin]);
  await run(['monmaptool', '--create', '--fsid', fsid, '--addv', 'a', address, map]);
  await run(['ceph-mon', ...base, '--mkfs', '-i', 'a', '--monmap', map, '--keyring', keys]);
  await run(['ceph-mon', ...base, '-i', 'a']);
  const mgr = ['mgr.x', 'mon', 'allow profile mgr', 'osd', 'allow *', 'mds', 'allow *'];
  await run(['ceph', ...base, 'auth', 'get-or-create', ...mgr, '-o', join(dir, 'mgr.x.keyring')]);
  mkdirSync(join(dir, 'mgr', 'x'));
}

async function addOsd(dir: string, id: number, admin: Ceph['admin'], start: Ceph['startOsd']): Promise<void> {
  const uuid = crypto.randomUUID();
  mkdirSync(join(dir, 'osd', String(id)));
  await admin('ceph', 'osd', 'new', uuid, String(id));
  const caps = ['mon', 'allow profile osd', 'mgr', 'allow profile osd', 'osd', 'allow *'];
  await admin('ceph', 'auth', 'get-or-create', `osd.${id}`, ...caps, '-o', join(dir, `osd.${id}.keyring`));
  await admin('ceph-osd', '-i', String(id), '--mkfs', '--osd-uuid', uuid);
  await start(id);
}

/** As README.md tells an administrator to, except for the size. */
async function addPools(dir: string, admin: Ceph['admin']): Promise<void> {
  for (const name of [pool, imagesPool]) {
    await admin('ceph', 'osd', 'pool', 'create', name, '8');
    await admin('rbd', 'pool', 'init', name);
  }
  const volume = [`profile rbd pool=${pool}, profile rbd-read-only pool=${imagesPool}`];
  const users = [
    [cephUser, volume],
    [guestUser, volume],
  ] as const;
  for (const [user, osd] of users) {
    const caps = ['mon', 'profile rbd', 'mgr', `profile rbd pool=${pool}`, 'osd', ...osd];
    await admin('ceph', 'auth', 'get-or-create', `client.${user}`, ...caps, '-o', join(dir, `client.${user}.keyring`));
  }
}

async function end(dir: string, pidFile: string, signal: NodeJS.Signals): Promise<void> {
  const pid = Number(readFileSync(join(dir, 'run', pidFile), 'utf8'));
  try {
    for (sendSignal(pid, signal); (await tryRun(['ps', '-o', 'stat=', '-p', String(pid)])).stdout.match(/^[^Z]/); )
      await sleep(50);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

const confText = (dir: string, fsid: string, address: string) => `
[global]
fsid = ${fsid}
mon initial members = a
mon host = ${address}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = ${dir}/$name.keyring
run dir = ${dir}/run
admin socket = ${dir}/run/$name.$pid.asok
pid file = ${dir}/run/$name.pid
log file = ${dir}/log/$name.log
crash dir = ${dir}/log
osd crush chooseleaf type = 0
osd pool default size = 3
osd pool default min size = 2
osd pool default pg autoscale mode = off
mon warn on insecure global id reclaim = false
mon warn on insecure global id reclaim allowed = false
mon data avail warn = 2
mon data avail crit = 1
[client]
pid file =
admin socket =
log file = /dev/null
[mon]
mon data = ${dir}/mon/$id
[mgr]
mgr data = ${dir}/mgr/$id
mgr initial modules =
[osd]
osd data = ${dir}/osd/$id
osd objectstore = bluestore
bluestore block size = 8589934592
bluestore block create = true
bluestore cache autotune = false
bluestore cache size = 67108864
osd memory target = 939524096
osd heartbeat grace = 8
osd heartbeat interval = 2
`;
