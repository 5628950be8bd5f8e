/**
 * Simulated machines on this one, as root: each has its own network, mount, PID, UTS and IPC namespaces, a private /run, a
 * directory as its disk, and NICs on simulated switches. Host n has the address 10.88.<network>.<10 + n>.
 */

import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandResult, run, tryRun } from '#shared/process/run.ts';
import { root } from '../../deploy/setup/paths.js';
import { sendSignal } from '../../shared/process/signal.ts';

export interface HostSpec {
  readonly name: string;
  readonly networks: readonly Network[];
}

const networks = ['mgmt', 'stor', 'tun', 'ext'] as const;
export type Network = (typeof networks)[number];
/** Leaves room for VXLAN around frames of 1500 bytes. */
const mtu = '1600';

export interface LabHost {
  readonly name: string;
  /** Its directory of the cloud. */
  readonly path: string;
  address(network: Network): string;
  /** The command line that runs a command on the host. */
  argv(command: readonly string[]): string[];
  /** Runs a command on the host. */
  run(argv: readonly string[], options?: { input?: string; timeoutMs?: number }): Promise<CommandResult>;
  /** Runs the wattle command of the clone. */
  wattle(...args: string[]): Promise<CommandResult>;
  wattleWith(input: string, ...args: string[]): Promise<CommandResult>;
  /** Uses another tree of the lab for the wattle command from now on. */
  useTree(name: string): void;
  /** Pulls the plug: SIGKILL to every process of the host. */
  off(): Promise<void>;
  on(): Promise<void>;
  unplug(network: Network): Promise<void>;
  plug(network: Network): Promise<void>;
}

export interface Lab {
  readonly folder: string;
  readonly hosts: readonly LabHost[];
  /** The namespace of the switches. */
  readonly switches: string;
  /** The port of a switch to which the NIC of a host is cabled. */
  cable(host: LabHost, network: Network): string;
  host(name: string): LabHost;
  /** Adds the files of a commit beside `clone`, those of this tree. */
  addTree(name: string, commit: string): Promise<void>;
}

export const canSimulate = process.getuid?.() === 0 && existsSync('/usr/bin/unshare') ? false : 'needs root';

/** Powers on the hosts; they are gone after the test. */
export async function openLab(t: TestContext, specs: readonly HostSpec[]): Promise<Lab> {
  const id = `wrk-${String.fromCharCode(...Array.from({ length: 3 }, () => 97 + randomInt(26)))}`;
  const folder = mkdtempSync(join(tmpdir(), 'rack-'));
  chmodSync(folder, 0o755); // databases and guests run as other users
  const switches = `${id}-switch`;
  const machines = specs.map((spec, at) => machine(folder, id, spec, at + 1));
  t.after(async () => {
    for (const { off } of machines) await off();
    await tryRun(['ip', 'netns', 'del', switches]);
    rmSync(folder, { recursive: true, force: true });
  });
  await cloneTo(join(folder, 'clone'));
  await run(['ip', 'netns', 'add', switches]);
  for (const network of networks) {
    await run(['ip', '-n', switches, 'link', 'add', `br-${network}`, 'mtu', mtu, 'type', 'bridge']);
    await run(['ip', '-n', switches, 'link', 'set', `br-${network}`, 'up']);
  }
  for (const { on } of machines) await on();
  const host = (name: string) => {
    const found = machines.find((each) => each.name === name);
    if (!found) throw new Error(`there is no host ${name}`);
    return found;
  };
  const addTree = (name: string, commit: string) => checkOutTo(join(folder, name), commit);
  const cable = (machine: LabHost, network: Network) => `${id}-${machines.indexOf(machine) + 1}-${network}`;
  return { folder, hosts: machines, switches, cable, host, addTree };
}

/** The files of this tree that git knows or would add; node modules are shared. */
async function cloneTo(target: string): Promise<void> {
  const list = await run(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  const files = list.stdout.split('\0').filter((file) => file !== '' && existsSync(join(root, file)));
  mkdirSync(target);
  const archive = join(dirname(target), 'clone.tar');
  await run(['tar', '-C', root, '-cf', archive, '-T', '-'], { input: files.join('\n') });
  await run(['tar', '-C', target, '-xf', archive]);
  rmSync(archive);
  symlinkSync(join(root, 'node_modules'), join(target, 'node_modules'));
}

/** With the node modules of this clone. */
async function checkOutTo(target: string, commit: string): Promise<void> {
  mkdirSync(target);
  await run(['git', 'archive', '--format=tar', `--output=${target}.tar`, commit], { cwd: root });
  await run(['tar', '-C', target, '-xf', `${target}.tar`]);
  symlinkSync(join(root, 'node_modules'), join(target, 'node_modules'));
}

function machine(folder: string, id: string, { name, networks: own }: HostSpec, number: number): LabHost {
  const home = join(folder, name);
  const path = join(home, 'var');
  const switches = `${id}-switch`;
  const cable = (network: Network) => `${id}-${number}-${network}`;
  const address = (network: Network) => `10.88.${networks.indexOf(network)}.${10 + number}`;
  let pid: number | undefined;

  const enter = (argv: readonly string[]) => {
    if (pid === undefined) throw new Error(`host ${name} is off`);
    return ['nsenter', '-t', String(pid), '-n', '-m', '-u', '-i', '-p', '--wd=/', '--', ...argv];
  };
  const env = { WATTLE_VAR: path, WATTLE_SETTINGS: join(home, 'wattle.yaml'), HOME: home };
  const runHere: LabHost['run'] = (argv, options = {}) => tryRun(enter(argv), { env, timeoutMs: 180_000, ...options });
  let tree = 'clone';
  const command = () => [process.execPath, join(folder, tree, 'deploy/wattle.js')];

  const on = async () => {
    if (pid !== undefined) return;
    mkdirSync(home, { recursive: true });
    pid = await powerOn(home, name);
    for (const network of own) {
      await tryRun(['ip', '-n', switches, 'link', 'del', cable(network)]); // the kernel removes it some time after the power cut
      const add = ['ip', 'link', 'add', cable(network), 'mtu', mtu, 'type', 'veth'];
      await run([...add, 'peer', 'name', network, 'mtu', mtu, 'netns', String(pid)]);
      await run(['ip', 'link', 'set', cable(network), 'netns', switches]);
      await run(['ip', '-n', switches, 'link', 'set', cable(network), 'master', `br-${network}`, 'up']);
      if (network !== 'ext') await run(enter(['ip', 'addr', 'add', `${address(network)}/24`, 'dev', network]));
      await run(enter(['ip', 'link', 'set', network, 'up']));
    }
  };
  const off = async () => {
    if (pid === undefined) return;
    sendSignal(pid, 'SIGKILL');
    while (existsSync(`/proc/${pid}`)) await sleep(20);
    pid = undefined;
  };
  return {
    name,
    path,
    address,
    argv: enter,
    run: runHere,
    wattle: (...args) => runHere([...command(), ...args]),
    wattleWith: (input, ...args) => runHere([...command(), ...args], { input }),
    useTree: (name) => {
      tree = name;
    },
    on,
    off,
    unplug: async (network) => void (await run(['ip', '-n', switches, 'link', 'set', cable(network), 'down'])),
    plug: async (network) => void (await run(['ip', '-n', switches, 'link', 'set', cable(network), 'up'])),
  };
}

/** PID 1 of a host: reaps orphans. Returns its pid on this machine. */
const firstProcess = `
mount -t proc proc /proc
mount -t sysfs sysfs /sys 2>/dev/null
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/netns /run/lock
hostname "$2"
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_forward
echo ready > "$1/ready"
trap 'exit 0' TERM
while :; do sleep 3600 & wait $!; done`;

async function powerOn(home: string, name: string): Promise<number> {
  rmSync(join(home, 'ready'), { force: true });
  const isolation = [
    '--net',
    '--mount',
    '--uts',
    '--ipc',
    '--pid',
    '--fork',
    '--kill-child',
    '--propagation',
    'private',
  ];
  const child = spawn('unshare', [...isolation, 'bash', '-c', firstProcess, 'rack-host', home, name], {
    detached: true,
    stdio: 'ignore',
  });
  child.unref();
  while (!existsSync(join(home, 'ready'))) {
    if (child.exitCode !== null) throw new Error(`host ${name} does not start`);
    await sleep(20);
  }
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
  return Number(children.trim().split(' ')[0]);
}

/** Fails with what the command printed. */
export function ok({ code, stdout, stderr }: CommandResult): string {
  if (code !== 0) throw new Error(`exit code ${code}\n${stdout}\n${stderr}`);
  return stdout;
}
