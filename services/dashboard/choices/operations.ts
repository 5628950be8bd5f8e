import { driverOf } from '#shared/images/formats.ts';
import type { Session } from '../sessions/operations.ts';
import { listTemplates } from '../templates/operations.ts';
import type { Template } from '../templates/view.ts';

interface FlavorBody {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  readonly ram: number;
  readonly disk: number;
}

/** What a machine can start from. */
export const listUsableTemplates = async (session: Session): Promise<Template[]> =>
  (await listTemplates(session)).filter(isUsable);

const isUsable = ({ state, format }: Template): boolean =>
  state === 'ready' && format !== null && format !== 'iso' && driverOf(format) !== undefined;

interface LimitsBody {
  readonly limits: { readonly absolute: Readonly<Record<string, number>> };
}

/** Sizes, smallest first, with the reason when the quota of the project has no room for one. */
export async function listSizes(session: Session) {
  const [{ flavors }, { limits }] = await Promise.all([
    session.json<{ flavors: FlavorBody[] }>('compute', '/flavors/detail?limit=1000'),
    session.json<LimitsBody>('compute', '/limits'),
  ]);
  const left = (name: string, used: string) => {
    const most = limits.absolute[name] ?? -1;
    return most < 0 ? Number.POSITIVE_INFINITY : most - (limits.absolute[used] ?? 0);
  };
  const free = {
    cores: left('maxTotalCores', 'totalCoresUsed'),
    ramMb: left('maxTotalRAMSize', 'totalRAMUsed'),
    machines: left('maxTotalInstances', 'totalInstancesUsed'),
  };
  return flavors
    .toSorted((a, b) => a.ram - b.ram || a.vcpus - b.vcpus || a.disk - b.disk)
    .map(({ id, name, vcpus, ram, disk }) => ({
      ...{ id, name, cores: vcpus, ram_mb: ram, disk_gb: disk },
      too_large: tooLarge({ vcpus, ram }, free),
    }));
}

interface Free {
  readonly cores: number;
  readonly ramMb: number;
  readonly machines: number;
}

/** The numbers of the quota that has no room, null when all have. */
function tooLarge({ vcpus, ram }: Pick<FlavorBody, 'vcpus' | 'ram'>, { cores, ramMb, machines }: Free) {
  if (machines < 1) return { quota: 'machines', free: machines };
  if (vcpus > cores) return { quota: 'cores', free: cores };
  return ram > ramMb ? { quota: 'ram_mb', free: ramMb } : null;
}

export async function listKeys(session: Session): Promise<string[]> {
  type Keys = { keypairs: { keypair: { name: string } }[] };
  const { keypairs } = await session.json<Keys>('compute', '/os-keypairs');
  return keypairs.map(({ keypair }) => keypair.name).toSorted((a, b) => a.localeCompare(b));
}
