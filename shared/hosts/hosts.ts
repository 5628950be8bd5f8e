/**
 * The service's side of host work.
 * - **spec**: the desired state of one thing on a host (a guest, a port), with the id of that thing;
 * - **verb**: a function of the agent that makes a spec true (`ensureGuest`); a **contract** lists them;
 * - **work**: a row of the table host_work: one verb with its spec for one host. Open until it has an **outcome**, a result
 *   or a Fault. A later work on the same id of the same host replaces the open one;
 * - **report**: what an agent sends with each poll.
 *
 * `hosts.on(host, run).ensureGuest(spec)` inserts the work, notifies the host, and waits for the outcome. The agent polls
 * for open work, so a lost notification costs only time.
 */
import type { Knex } from 'knex';
import { type Bus, type Off, requireHost, silentMs } from '#shared/bus/bus.ts';
import { waitFor } from '#shared/bus/wait.ts';
import { openGroupCommit } from '#shared/db/group-commit.ts';
import { isHeld, keepHeldReport } from '#shared/db/hold.ts';
import { Fault } from '#shared/errors/fault.ts';
import { openProperties, type Seal, sealProperties } from '#shared/seal/seal.ts';
import type { Run } from '#shared/workflow/workflow.ts';
import { address, type Contract, type HostSpec, type Outcome } from './contract.ts';
import { ensureWork, finishWork, getWork, listOpenWork } from './work.ts';

export interface Hosts<Agent> {
  /** Returns the agent of a host for a step of a task. Repeating the step finds the work of its first try. */
  on(host: string, run: Run): Agent;
}

export interface HostsOptions<Agent> {
  readonly contract: Contract<Agent>;
  readonly db: Knex;
  readonly bus: Bus;
  /** The time for an outcome. Time without a connection to the bus is not counted. */
  readonly answerMs: number;
  /** The most time without the bus that is not counted; 180 000 by default. */
  readonly forgivenMs?: number;
  /** The interval of polling the row when no notification comes. */
  readonly pollMs: number;
  /** Required for a contract with secrets. */
  readonly seal?: Seal;
}

/** 504: no outcome in time. The work stays open, and the host performs it when it is back. */
export class HostAway extends Fault {
  constructor(host: string, afterMs: number) {
    const late = `did not answer within ${afterMs / 1000} s.`;
    super(504, 'hostAway', `The host ${late}`, { details: `Host ${host} ${late}` });
  }
}

/** For clean-ups: does not fail when the host is away, since it finds the open work when it is back. */
export async function ignoreHostAway(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof HostAway)) throw error;
  });
}

export function hostsOf<Agent>(options: HostsOptions<Agent>): Hosts<Agent> {
  const { contract, bus, seal } = options;
  const { secrets = [] } = contract;
  if (secrets.length > 0 && !seal)
    throw new Error(`the specs of ${contract.service} have secrets, but hostsOf got no seal`);
  const perform = async (host: string, run: Run, verb: string, spec: HostSpec) => {
    const id = `${run.operationId}/${verb}/${host}/${spec.id}`; // a step may ask several hosts the same
    const kept = seal ? sealProperties(spec, secrets, seal) : spec;
    await run.commit((tx) => ensureWork(tx, host, { id, verb, spec: kept }));
    bus.notify(address.notify(contract.service, host));
    const outcome = await waitForOutcome(options, host, id, run.signal);
    if ('result' in outcome) return outcome.result;
    const { status, kind, message, details = message } = outcome.fault;
    throw new Fault(status, kind, message, { details: `Host ${host}: ${details}` });
  };
  const on = (host: string, run: Run) =>
    Object.fromEntries(
      contract.verbs.map((verb) => [verb, (spec: HostSpec) => perform(host, run, verb, spec)]),
    ) as Agent;
  return { on };
}

async function waitForOutcome<Agent>(
  { contract, db, bus, answerMs, forgivenMs = 180_000, pollMs }: HostsOptions<Agent>,
  host: string,
  id: string,
  signal: AbortSignal,
): Promise<Outcome> {
  const begun = performance.now();
  const read = async (): Promise<Outcome | undefined> => {
    const { outcome, askedAt } = await getWork(db, id);
    const silence = Math.max(silentMs(bus, askedAt), performance.now() - begun - forgivenMs);
    if (!outcome && silence >= answerMs) throw new HostAway(host, answerMs);
    return outcome ?? undefined;
  };
  return waitFor(bus, address.finished(contract.service, id), Math.min(pollMs, answerMs), read, signal);
}

type OnReport<Report> = (host: string, report: Report) => Promise<unknown>;

/** Decrypts the secrets of specs. */
interface Unseal {
  readonly contract: Pick<Contract<unknown>, 'secrets'>;
  readonly seal: Seal;
}

/**
 * Serves the agents' polls and outcomes; an agent can read and finish only the work of its own host. While the database is held
 * no agent gets work.
 */
export function serveAgents<Report extends object>(
  bus: Bus,
  db: Knex,
  service: string,
  onReport?: OnReport<Report>,
  unseal?: Unseal,
): Off[] {
  const groupCommit = openGroupCommit(db);
  const agent = `${service}-agent`;
  return [
    bus.onCall(address.open(service), async ({ host, report }: { host: string; report: Report | null }, sender) => {
      requireHost(sender, agent, host);
      if (report !== null) await onReport?.(host, report);
      if (await isHeld(db)) {
        if (report !== null) await keepHeldReport(db, host, report);
        return [];
      }
      const open = await listOpenWork(db, host);
      if (!unseal) return open;
      const { contract, seal } = unseal;
      return open.map((work) => ({ ...work, spec: openProperties(work.spec, contract.secrets ?? [], seal) }));
    }),
    bus.onCall(address.finish(service), async (done: { id: string; host: string; outcome: Outcome }, sender) => {
      requireHost(sender, agent, done.host);
      await groupCommit((tx) => finishWork(tx, done.id, done.host, done.outcome));
      bus.notify(address.finished(service, done.id));
    }),
  ];
}
