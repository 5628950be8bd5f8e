/** Which parts a process of a role runs. Loaded when started, so an agent never sees Express or knex. */
import type { Bus } from '#shared/bus/bus.ts';
import type { Runtime, Start, Started } from '#shared/service/runtime.ts';

/** The folders below services/, in the order in which they start: a service after those that it calls. */
const services = [
  'identity',
  'placement',
  'image',
  'network',
  'volume',
  'compute',
  'object-store',
  'dashboard',
] as const;
const agents = ['network-agent', 'volume-agent', 'compute-agent', 'object-agent'] as const;

export type Part = (typeof services)[number] | (typeof agents)[number];
export const parts: readonly Part[] = [...services, ...agents];
export const isAgent = (part: Part): boolean => agents.some((agent) => agent === part);

const groups: Readonly<Record<string, readonly Part[]>> = {
  all: parts,
  controller: services,
};

/** The parts of some roles, each once; undefined when one of them is no role. */
export function partsOf(roles: readonly string[]): readonly Part[] | undefined {
  const named = roles.map((role) => groups[role] ?? parts.filter((part) => part === role));
  if (named.some((some) => some.length === 0)) return undefined;
  return parts.filter((part) => named.some((some) => some.includes(part)));
}

export const roleNames = (): readonly string[] => [...Object.keys(groups), ...parts];

/** What the parts of a process share. Each part connects to the bus as its own user. */
export interface PartsRuntime extends Pick<Runtime, 'settings' | 'log' | 'requests'> {
  busOf(part: Part): Promise<Bus>;
}

/** Starts identity, then the other services, then the agents; `close` stops them in reverse order. */
export async function startParts(wanted: readonly Part[], runtime: PartsRuntime): Promise<Started> {
  const waves = [['identity'], services.filter((part) => part !== 'identity'), agents] as Part[][];
  const running: Started[][] = [];
  const close = async () => {
    for (const wave of running.toReversed()) await Promise.all(wave.map((each) => each.close()));
  };
  for (const [at, wave] of waves.entries()) {
    void preloadParts((waves[at + 1] ?? []).filter((part) => wanted.includes(part)));
    const results = await Promise.allSettled(
      wave.filter((part) => wanted.includes(part)).map((part) => startPart(part, runtime)),
    );
    running.push(results.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])));
    const failed = results.find((each) => each.status === 'rejected');
    if (!failed) continue;
    await close();
    throw failed.reason;
  }
  return { close };
}

export async function loadPart(part: Part): Promise<{ start: Start }> {
  return (await import(new URL(`../services/${part}/service.ts`, import.meta.url).href)) as { start: Start };
}

/** Loads the next wave while one starts. Errors are ignored here: starting the part throws them again. */
const preloadParts = (some: readonly Part[]) => Promise.allSettled(some.map(loadPart));

async function startPart(part: Part, { settings, log, busOf, requests }: PartsRuntime): Promise<Started> {
  const { start } = await loadPart(part);
  try {
    return await start({
      settings,
      bus: await busOf(part),
      log: log.with({ service: part }),
      ...(requests ? { requests } : {}),
    });
  } catch (cause) {
    throw new Error(`${part} does not start: ${(cause as Error).message}`, { cause });
  }
}
