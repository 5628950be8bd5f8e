/**
 * The agent's side of host work (terms: hosts.ts). An agent has no database: it polls its service for open work, performs it
 * with its driver, and reports each outcome.
 */
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
  /** Each verb gets its spec, and a signal that aborts when a later spec replaces it, so that it can stop waiting. */
  readonly driver: Driver;
  readonly log: Log;
  /** The polling interval when no notification comes. */
  readonly everyMs: number;
  /** Returns what is sent with each poll: capacity, running guests. */
  readonly report?: () => Promise<unknown>;
}

export interface Agent {
  /** Polls now, which also sends a new report. */
  wake(): void;
  close(): Promise<void>;
}

/** The polling interval while the service is unreachable: it sends no notifications when it comes back. */
const retryMs = 5_000;
/** A call that a service took and did not answer before it died is repeated after this time. */
const callOptions = { timeoutMs: 5_000 };

export function startAgent<Driver>(options: AgentOptions<Driver>): Agent {
  const { contract, bus, host, log, everyMs, report = async () => null } = options;
  const { service } = contract;
  const gone = new AbortController();
  const soonMs = Math.min(everyMs, retryMs);
  const pollSoon = () => void setTimeout(() => polling.wake(), soonMs).unref();
  const perform = performer(options, gone.signal, pollSoon);
  const queue = keyedQueue();
  const underway = new Map<string, AbortController>();

  const poll = async () => {
    const open = await bus.call<OpenWork[]>(address.open(service), { host, report: await report() }, callOptions);
    const ids = new Set(open.map(({ id }) => id));
    for (const [id, replaced] of underway) if (!ids.has(id)) replaced.abort();
    for (const work of open.filter(({ id }) => !underway.has(id))) {
      const replaced = new AbortController();
      underway.set(work.id, replaced);
      void queue(work.spec.id, () => perform(work, replaced.signal).finally(() => underway.delete(work.id)));
    }
  };
  const onError = (error: unknown) => log.warn({ host, error }, 'the service does not answer');
  const polling = every(everyMs, poll, onError, soonMs);
  const off = bus.onNotify(address.notify(service, host), polling.wake);
  polling.wake();
  const close = () => {
    gone.abort();
    off();
    return polling.close();
  };
  return { wake: polling.wake, close };
}

/** Performs work and reports its outcome. An outcome that was not confirmed is kept, and reported again at a poll soon after. */
function performer<Driver>(
  { contract, bus, host, driver, log }: AgentOptions<Driver>,
  gone: AbortSignal,
  pollSoon: () => void,
) {
  const outcomes = new Map<string, Outcome>();
  return async (work: OpenWork, replaced: AbortSignal): Promise<void> => {
    try {
      if (replaced.aborted) return;
      const outcome = outcomes.get(work.id) ?? (await attempt(driver, work, replaced));
      if (gone.aborted) return;
      outcomes.set(work.id, outcome);
      await bus.call(address.finish(contract.service), { id: work.id, host, outcome }, callOptions);
      outcomes.delete(work.id);
    } catch (error) {
      if (outcomes.has(work.id)) pollSoon();
      if (!replaced.aborted) log.warn({ host, work: work.id, error }, 'host work failed and is retried');
    }
  };
}

/** A Fault of the driver is an outcome. Any other error leaves the work open, to be retried. */
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
