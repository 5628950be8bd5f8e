/** The answering side, on the host. It has no database: it asks for its open work, and does it. */
import type { Bus } from '#shared/bus/bus.ts';
import { every } from '#shared/clock/every.ts';
import { keyedQueue } from '#shared/clock/keyed-queue.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Log } from '#shared/log/log.ts';
import { address, type Contract, type OpenWork, type Outcome } from './contract.ts';

export interface AgentOptions<Driver> {
  readonly contract: Contract<Driver>;
  readonly bus: Bus;
  readonly host: string;
  /** Each verb is given its spec, and a signal that a later spec replaced it: what only waits may stop waiting. */
  readonly driver: Driver;
  readonly log: Log;
  /** How often to look when no hint comes. */
  readonly everyMs: number;
  /** What the host says of itself with each look: its size, what runs there. */
  readonly report?: () => Promise<unknown>;
}

export interface Agent {
  /** "Look now": also how a changed report is told at once. */
  wake(): void;
  close(): Promise<void>;
}

/** A service that comes back finds nobody's hint: its agents ask again by themselves. */
const soonMs = 5_000;

export function startAgent<Driver>(options: AgentOptions<Driver>): Agent {
  const { contract, bus, host, log, everyMs, report = async () => null } = options;
  const { service } = contract;
  const gone = new AbortController();
  const perform = performer(options, gone.signal);
  const inOrder = keyedQueue();
  const underway = new Map<string, AbortController>();

  const look = async () => {
    const open = await bus.call<OpenWork[]>(address.open(service), { host, report: await report() });
    const ids = new Set(open.map(({ id }) => id));
    for (const [id, replaced] of underway) if (!ids.has(id)) replaced.abort();
    for (const work of open.filter(({ id }) => !underway.has(id))) {
      const replaced = new AbortController();
      underway.set(work.id, replaced);
      inOrder(work.spec.id, () => perform(work, replaced.signal).finally(() => underway.delete(work.id)));
    }
  };
  const away = (error: unknown) => log.warn({ host, error }, 'service is away');
  const looking = every(everyMs, look, away, Math.min(everyMs, soonMs));
  const off = bus.onNotify(address.notify(service, host), looking.wake);
  looking.wake();
  const close = () => {
    gone.abort();
    off();
    return looking.close();
  };
  return { wake: looking.wake, close };
}

/** Does a piece of work and says so. What nobody confirmed is said again at the next look. */
function performer<Driver>({ contract, bus, host, driver, log }: AgentOptions<Driver>, gone: AbortSignal) {
  const outcomes = new Map<string, Outcome>();
  return async (work: OpenWork, replaced: AbortSignal): Promise<void> => {
    try {
      if (replaced.aborted) return;
      const outcome = outcomes.get(work.id) ?? (await attempt(driver, work, replaced));
      if (gone.aborted) return;
      outcomes.set(work.id, outcome);
      await bus.call(address.finish(contract.service), { id: work.id, host, outcome });
      outcomes.delete(work.id);
    } catch (error) {
      if (!replaced.aborted) log.warn({ host, work: work.id, error }, 'host work is tried again');
    }
  };
}

/** A Fault is an answer. Any other error may pass: the row stays open and is tried again. */
async function attempt<Driver>(driver: Driver, { verb, spec }: OpenWork, replaced: AbortSignal): Promise<Outcome> {
  const act = driver[verb as keyof Driver] as ((spec: unknown, replaced: AbortSignal) => Promise<unknown>) | undefined;
  if (!act) return { fault: { status: 501, kind: 'notImplemented', message: `no verb ${verb}` } };
  try {
    return { result: (await act(spec, replaced)) ?? null };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const { status, kind, message, details } = error;
    return { fault: { status, kind, message, ...(details === undefined ? {} : { details }) } };
  }
}
