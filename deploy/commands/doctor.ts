import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { isOpenToAll } from '../cloud/directory.ts';
import type { Command } from '../command.ts';
import { endpointsOf } from '../endpoints.ts';
import { responds } from '../health-check.ts';
import { listRunning } from '../processes/stop-all.ts';
import { findHome, type Home } from '../settings.ts';
import { missingOf, toSplit, toStart } from '../setup/packages.js';
import { clientBin } from '../setup/paths.js';
import { isFree } from '../split/ports.ts';

interface Finding {
  readonly what: string;
  readonly found: string;
  /** The problem and its fix; absent when there is none. */
  readonly problem?: string;
}

/** Returns 1 when there is a problem. */
export const command: Command = async () => {
  const home = await findHome();
  const findings = [
    node(),
    user(),
    kvm(),
    ...packages(),
    client(),
    ...(home ? [disk(home), access(home), ...(await endpoints(home))] : []),
  ];
  for (const { what, found, problem } of findings)
    process.stdout.write(`  ${problem ? '!' : ' '} ${what.padEnd(18)} ${found}${problem ? `: ${problem}` : ''}\n`);
  return findings.some(({ problem }) => problem) ? 1 : 0;
};

const node = (): Finding => ({ what: 'node', found: `${process.version} for ${process.platform} ${process.arch}` });

const user = (): Finding =>
  process.getuid?.() === 0
    ? { what: 'user', found: 'root' }
    : {
        what: 'user',
        found: `uid ${process.getuid?.()}`,
        problem: 'guests have user-mode networking only; run as root for bridges and routers',
      };

/** Opening /dev/kvm proves little: the compute agent runs a probe guest before it uses KVM. */
function kvm(): Finding {
  if (!existsSync('/dev/kvm')) return { what: 'kvm', found: 'no /dev/kvm; guests are emulated' };
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return { what: 'kvm', found: '/dev/kvm can be opened; the compute agent checks it with a probe guest' };
  } catch {
    return { what: 'kvm', found: 'this user may not open /dev/kvm; guests are emulated' };
  }
}

function packages(): Finding[] {
  const missing = missingOf(toStart).map(({ name, why }) => ({
    what: 'package',
    found: name,
    problem: `missing; needed for ${why}`,
  }));
  const split = missingOf(toSplit).length === 0 ? 'installed' : 'not installed; npm start -- --split installs them';
  return [...missing, { what: 'mariadb, rabbitmq', found: split }];
}

const client = (): Finding =>
  existsSync(`${clientBin}/openstack`)
    ? { what: 'openstack client', found: clientBin }
    : { what: 'openstack client', found: 'missing', problem: 'npm start installs it' };

function disk({ directory }: Home): Finding {
  const { bavail, bsize } = statfsSync(directory.path);
  const freeGb = Math.floor((bavail * bsize) / 1024 ** 3);
  const found = `${freeGb} GB free at ${directory.path}`;
  return freeGb >= 5
    ? { what: 'disk', found }
    : { what: 'disk', found, problem: 'less than 5 GB; images and volumes need more' };
}

function access({ directory }: Home): Finding {
  const found = directory.path;
  if (process.getuid?.() !== 0 || isOpenToAll(directory.path)) return { what: 'directory', found };
  return {
    what: 'directory',
    found,
    problem: "the users that guests run as may not enter it; set WATTLE_VAR to a directory outside root's home",
  };
}

async function endpoints(home: Home): Promise<Finding[]> {
  const isRunning = listRunning(home).length > 0;
  const checks = (await endpointsOf(home)).map(async (endpoint): Promise<Finding | undefined> => {
    const { name, host, port } = endpoint;
    if (isRunning)
      return (await responds(endpoint))
        ? undefined
        : { what: name, found: endpoint.url, problem: 'does not respond; see var/log' };
    if (await isFree(host, port)) return undefined;
    return {
      what: name,
      found: `${host}:${port}`,
      problem: 'in use by another process; WATTLE_ADDRESS=127.0.0.3 moves every listener',
    };
  });
  return (await Promise.all(checks)).filter((finding) => finding !== undefined);
}
