/**
 * Messages between processes of one cloud, by address (`compute.open-work`):
 * - **notify**: "look now", without content, to all listeners of an address. May be lost, repeated or merged, so each
 *   listener also polls.
 * - **call**: request and reply, both JSON. Fails at once with NoAnswer when nothing serves the address, or after a
 *   timeout; the request may have been processed nevertheless.
 * - **publish**: an event for consumers outside the cloud (`wattle.notifications`), stored durably by the broker.
 * - **sender**: the broker's user that made a call, as the broker verified it.
 * Two drivers: `memory` (one process) and `rabbit`. State is never kept on the bus; it is in rows.
 */
import { lastStep } from '#shared/clock/steps.ts';
import { Fault } from '#shared/errors/fault.ts';

export interface Bus {
  /** Wakes the listeners of the address. Never throws. */
  notify(address: string): void;
  onNotify(address: string, listener: () => void): Off;
  /**
   * Resolves with the reply. Rejects with NoAnswer when nothing serves the address or no reply comes in time, with the
   * Fault that the other side threw, or with an Error that has only the message of any other error there.
   */
  call<Answer>(address: string, request: unknown, options?: CallOptions): Promise<Answer>;
  /** Serves an address; one function per address and process, a second one replaces the first. */
  onCall<Request>(address: string, answer: (request: Request, sender: Sender) => Promise<unknown>): Off;
  /** Resolves when the broker has stored the event; rejects with NoAnswer otherwise. */
  publish(topic: string, event: unknown): Promise<void>;
  /**
   * Since when (ms since 1970) this process is connected. Undefined while the broker is unreachable: notifications are
   * lost then, and calls fail at once.
   */
  listeningSince(): number | undefined;
  close(): Promise<void>;
}

export interface CallOptions {
  /** 10 000 by default. */
  readonly timeoutMs?: number;
}

/**
 * The broker's user that made a call, verified by the broker: a service ("compute"), or an agent with its host
 * ("compute-agent.kvm-1"). Undefined on the memory bus, and where all roles share one user.
 */
export type Sender = string | undefined;

/** The name by which an agent logs in to the broker. */
export const agentUser = (agent: string, host: string): string => `${agent}.${host}`;

/** Throws 403 unless the sender is one of the roles; an agent's role counts on any host. */
export function requireSender(sender: Sender, ...roles: readonly string[]): void {
  if (sender === undefined || roles.some((role) => sender === role || sender.startsWith(`${role}.`))) return;
  throw new Fault(403, 'forbidden', `${sender} may not call this: only ${roles.join(' and ')} may.`);
}

/** Throws 403 unless the sender is the agent of that host. */
export function requireHost(sender: Sender, agent: string, host: string): void {
  if (sender === undefined || sender === agentUser(agent, host)) return;
  throw new Fault(403, 'forbidden', `${sender} may not act as the ${agent} of host ${host}.`);
}

/** Stops listening. */
export type Off = () => void;

/**
 * Milliseconds since the peer's last message at `lastAt`, counted only while this process was connected to the bus, and
 * from the last step of the wall clock: times from before a step are not comparable with times after it.
 */
export function silentMs(bus: Pick<Bus, 'listeningSince'>, lastAt: number): number {
  const since = bus.listeningSince();
  if (since === undefined) return 0;
  const [now, stepped] = [Date.now(), lastStep()];
  const heard = [since, lastAt].map((at) => (at <= now ? at : stepped || now));
  return now - Math.max(stepped, ...heard);
}

/** A call had no reply: the other side or the broker is down. */
export class NoAnswer extends Error {}

export const noAnswerAt = (address: string) => new NoAnswer(`No process serves ${address}.`);
export const noAnswerInTime = (address: string, ms: number) =>
  new NoAnswer(`No answer from ${address} within ${ms} ms.`);
