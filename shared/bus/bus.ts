import { Fault } from '#shared/errors/fault.ts';

/** The bus carries hints and short questions. It may lose any of them, and repeat any of them. */
export interface Bus {
  /** "Look now", with nothing in it. */
  notify(address: string): void;
  onNotify(address: string, listener: () => void): Off;
  /** Rejects when nobody answers within the time (`timeoutMs`, 10 s unless told). */
  call<Answer>(address: string, request: unknown, options?: CallOptions): Promise<Answer>;
  /** One answerer per address and process. A Fault thrown by it reaches the asker as a Fault. */
  onCall<Request>(address: string, answer: (request: Request, sender: Sender) => Promise<unknown>): Off;
  /** Hands a notification over for good: resolves when the broker has it safely. */
  publish(topic: string, event: unknown): Promise<void>;
  /** Since when this process hears what is said; undefined while the broker is away: hints are lost then, and questions fail at once. */
  listeningSince(): number | undefined;
  close(): Promise<void>;
}

export interface CallOptions {
  readonly timeoutMs?: number;
}

/**
 * The user of the broker that sent a question, as the broker itself verified it: a service ("compute"), or an agent with
 * its host ("compute-agent.kvm-1"). Undefined where the bus cannot tell: in one process, or one user for all.
 */
export type Sender = string | undefined;

/** The name by which an agent logs in to the broker. */
export const agentUser = (agent: string, host: string): string => `${agent}.${host}`;

/** Throws 403 unless the sender is one of the roles; an agent's role counts on any host. */
export function requireSender(sender: Sender, ...roles: readonly string[]): void {
  if (sender === undefined || roles.some((role) => sender === role || sender.startsWith(`${role}.`))) return;
  throw new Fault(403, 'forbidden', `${sender} may not ask this: it is answered to ${roles.join(' and ')}.`);
}

/** Throws 403 unless the sender is the agent of that very host. */
export function requireHost(sender: Sender, agent: string, host: string): void {
  if (sender === undefined || sender === agentUser(agent, host)) return;
  throw new Fault(403, 'forbidden', `${sender} may not speak for the ${agent} of host ${host}.`);
}

/** Stops listening. */
export type Off = () => void;

/** How long somebody who last spoke at `spokeAt` has been silent, as far as he could have been heard. */
export function silentMs(bus: Pick<Bus, 'listeningSince'>, spokeAt: number): number {
  const since = bus.listeningSince();
  return since === undefined ? 0 : Date.now() - Math.max(since, spokeAt);
}

/** Nobody answers there: the other side is down, or the broker is. */
export class NoAnswer extends Error {}

export const noAnswerAt = (address: string) => new NoAnswer(`Nobody answers at ${address}.`);
export const noAnswerInTime = (address: string, ms: number) =>
  new NoAnswer(`Nobody answered at ${address} within ${ms} ms.`);
