/** The bus carries hints and short questions. It may lose any of them, and repeat any of them. */
export interface Bus {
  /** "Look now", with nothing in it. */
  hint(address: string): void;
  onHint(address: string, listener: () => void): Off;
  /** Rejects when nobody answers within the time (`timeoutMs`, 10 s unless told). */
  ask<Answer>(address: string, question: unknown, options?: AskOptions): Promise<Answer>;
  /** One answerer per address and process. A Fault thrown by it reaches the asker as a Fault. */
  onAsk<Question>(address: string, answer: (question: Question) => Promise<unknown>): Off;
  /** Hands a notification over for good: resolves when the broker has it safely. */
  notify(topic: string, event: unknown): Promise<void>;
  /** Since when this process hears what is said; undefined while the broker is away: hints are lost then, and questions fail at once. */
  listeningSince(): number | undefined;
  close(): Promise<void>;
}

export interface AskOptions {
  readonly timeoutMs?: number;
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

export const nobodyAnswers = (address: string) => new NoAnswer(`Nobody answers at ${address}.`);
export const nobodyAnswered = (address: string, ms: number) =>
  new NoAnswer(`Nobody answered at ${address} within ${ms} ms.`);
