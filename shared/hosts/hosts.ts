/** The asking side. Work for a host is a row first; the bus only says "look now". */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { type Bus, type Off, requireHost, silentMs } from '#shared/bus/bus.ts';
import { openGroupCommit } from '#shared/db/group-commit.ts';
import { Fault } from '#shared/errors/fault.ts';
import { openProperties, type Seal, sealProperties } from '#shared/seal/seal.ts';
import type { Run } from '#shared/workflow/workflow.ts';
import { address, type Contract, type HostSpec, type Outcome } from './contract.ts';
import { ensureWork, findWork, finishWork, listOpenWork } from './work.ts';

export interface Hosts<Agent> {
  /** The agent of a host, for one run of one step. It can be asked again after a crash. */
  on(host: string, run: Run): Agent;
}

export interface HostsOptions<Agent> {
  readonly contract: Contract<Agent>;
  readonly db: Knex;
  readonly bus: Bus;
  /** How long a host may take to answer. While the bus is away no time passes: it may be well, and at work. */
  readonly answerMs: number;
  /** How much of a silence is forgiven because the bus was away. After that the work is left to the host. */
  readonly forgivenMs?: number;
  /** How often to look for the answer when no hint comes. */
  readonly pollMs: number;
  /** For a contract that names secrets. */
  readonly seal?: Seal;
}

export class HostAway extends Fault {
  constructor(host: string, afterMs: number) {
    const late = `did not answer within ${afterMs / 1000} s.`;
    super(504, 'hostAway', `The host ${late}`, { details: `Host ${host} ${late}` });
  }
}

/** For clean-ups: a host that stays away finds its work when it returns. Nobody waits for it. */
export async function ignoreHostAway(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof HostAway)) throw error;
  });
}

export function hostsOf<Agent>(options: HostsOptions<Agent>): Hosts<Agent> {
  const { contract, bus, seal } = options;
  const { secrets = [] } = contract;
  if (secrets.length > 0 && !seal)
    throw new Error(`work for hosts of ${contract.service} holds secrets: it needs a seal`);
  const ask = async (host: string, run: Run, verb: string, spec: HostSpec) => {
    const id = `${run.operationId}/${verb}/${spec.id}`;
    const kept = seal ? sealProperties(spec, secrets, seal) : spec;
    await run.commit((tx) => ensureWork(tx, host, { id, verb, spec: kept }));
    bus.notify(address.notify(contract.service, host));
    const outcome = await outcomeOf(options, host, id, run.signal);
    if ('result' in outcome) return outcome.result;
    const { status, kind, message, details = message } = outcome.fault;
    throw new Fault(status, kind, message, { details: `Host ${host}: ${details}` });
  };
  const on = (host: string, run: Run) =>
    Object.fromEntries(contract.verbs.map((verb) => [verb, (spec: HostSpec) => ask(host, run, verb, spec)])) as Agent;
  return { on };
}

async function outcomeOf<Agent>(
  { contract, db, bus, answerMs, forgivenMs = 180_000, pollMs }: HostsOptions<Agent>,
  host: string,
  id: string,
  signal: AbortSignal,
): Promise<Outcome> {
  const finished = address.finished(contract.service, id);
  const begun = performance.now();
  for (;;) {
    const { outcome, askedAt } = await findWork(db, id);
    if (outcome) return outcome;
    const silence = Math.max(silentMs(bus, askedAt), performance.now() - begun - forgivenMs);
    const leftMs = answerMs - silence;
    if (leftMs <= 0) throw new HostAway(host, answerMs);
    await notifiedOr(bus, finished, Math.min(pollMs, leftMs), signal);
  }
}

/** Waits for a hint, but not longer than `ms`, since hints get lost. */
async function notifiedOr(bus: Bus, at: string, ms: number, signal: AbortSignal): Promise<void> {
  const heard = new AbortController();
  const off = bus.onNotify(at, () => heard.abort());
  await sleep(ms, undefined, { signal: AbortSignal.any([heard.signal, signal]) }).catch(() => {});
  off();
  signal.throwIfAborted();
}

type Reported<Report> = (host: string, report: Report) => Promise<unknown>;

/** Opens what a contract has sealed in rows. */
interface Opening {
  readonly contract: Pick<Contract<unknown>, 'secrets'>;
  readonly seal: Seal;
}

/** What the agents ask their service, and what they report while they ask. Each host has its own work, and no other's. */
export function answerAgents<Report>(
  bus: Bus,
  db: Knex,
  service: string,
  reported?: Reported<Report>,
  opening?: Opening,
): Off[] {
  const groupCommit = openGroupCommit(db);
  const agent = `${service}-agent`;
  return [
    bus.onCall(address.open(service), async ({ host, report }: { host: string; report: Report | null }, sender) => {
      requireHost(sender, agent, host);
      if (report !== null) await reported?.(host, report);
      const open = await listOpenWork(db, host);
      if (!opening) return open;
      const { contract, seal } = opening;
      return open.map((work) => ({ ...work, spec: openProperties(work.spec, contract.secrets ?? [], seal) }));
    }),
    bus.onCall(address.finish(service), async (done: { id: string; host: string; outcome: Outcome }, sender) => {
      requireHost(sender, agent, done.host);
      await groupCommit((tx) => finishWork(tx, done.id, done.host, done.outcome));
      bus.notify(address.finished(service, done.id));
    }),
  ];
}
