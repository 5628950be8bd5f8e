import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { isOpenToAll } from '../cloud/directory.ts';
import type { Command } from '../command.ts';
import { endpointsOf } from '../endpoints.ts';
import { answers } from '../health-check.ts';
import { listRunning } from '../processes/stop-all.ts';
import { findHome, type Home } from '../settings.ts';
import { missingOf, toSplit, toStart } from '../setup/packages.js';
import { clientBin } from '../setup/paths.js';
import { isFree } from '../split/ports.ts';

interface Finding {
  readonly what: string;
  readonly found: string;
  /** What it means, and what would help; absent when all is well. */
  readonly trouble?: string;
}

/** 1 when something is in the way. */
export const command: Command = async () => {
  const home = await findHome();
  const findings = [
    node(),
    user(),
    kvm(),
    ...packages(),
    client(),
    ...(home ? [disk(home), reach(home), ...(await endpoints(home))] : []),
  ];
  for (const { what, found, trouble } of findings)
    process.stdout.write(`  ${trouble ? '!' : ' '} ${what.padEnd(18)} ${found}${trouble ? `: ${trouble}` : ''}\n`);
  return findings.some(({ trouble }) => trouble) ? 1 : 0;
};

const node = (): Finding => ({ what: 'node', found: `${process.version} for ${process.platform} ${process.arch}` });

const user = (): Finding =>
  process.getuid?.() === 0
    ? { what: 'user', found: 'root' }
    : {
        what: 'user',
        found: `uid ${process.getuid?.()}`,
        trouble: 'without root guests have user-mode networking only',
      };

/** That it opens proves little: the compute agent runs a probe guest before it trusts it. */
function kvm(): Finding {
  if (!existsSync('/dev/kvm')) return { what: 'kvm', found: 'not here; guests are emulated' };
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return { what: 'kvm', found: '/dev/kvm opens; the compute agent tries it with a probe guest' };
  } catch {
    return { what: 'kvm', found: '/dev/kvm is closed to this user; guests are emulated' };
  }
}

function packages(): Finding[] {
  const missing = missingOf(toStart).map(({ name, why }) => ({
    what: 'package',
    found: name,
    trouble: `missing, so no ${why}`,
  }));
  const apart = missingOf(toSplit).length === 0 ? 'installed' : 'not installed; npm start -- --split installs them';
  return [...missing, { what: 'mariadb, rabbitmq', found: apart }];
}

const client = (): Finding =>
  existsSync(`${clientBin}/openstack`)
    ? { what: 'openstack client', found: clientBin }
    : { what: 'openstack client', found: 'missing', trouble: 'npm start installs it' };

function disk({ directory }: Home): Finding {
  const { bavail, bsize } = statfsSync(directory.path);
  const freeGb = Math.floor((bavail * bsize) / 1024 ** 3);
  const found = `${freeGb} GB free at ${directory.path}`;
  return freeGb >= 5 ? { what: 'disk', found } : { what: 'disk', found, trouble: 'images and volumes need room' };
}

function reach({ directory }: Home): Finding {
  const found = directory.path;
  if (process.getuid?.() !== 0 || isOpenToAll(directory.path)) return { what: 'folder', found };
  return {
    what: 'folder',
    found,
    trouble: "closed to the users that guests run as; set WATTLE_VAR to a place outside root's home",
  };
}

async function endpoints(home: Home): Promise<Finding[]> {
  const runs = listRunning(home).length > 0;
  const looks = (await endpointsOf(home)).map(async (endpoint): Promise<Finding | undefined> => {
    const { name, host, port } = endpoint;
    if (runs)
      return (await answers(endpoint))
        ? undefined
        : { what: name, found: endpoint.url, trouble: 'does not answer; see var/log' };
    if (await isFree(host, port)) return undefined;
    return {
      what: name,
      found: `${host}:${port}`,
      trouble: 'taken by somebody else; WATTLE_ADDRESS=127.0.0.3 moves every listener',
    };
  });
  return (await Promise.all(looks)).filter((finding) => finding !== undefined);
}
