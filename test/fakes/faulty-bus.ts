/** The memory bus with the faults of a broker: messages that come twice, late, in another order, broken, or not at all. */
import { type Bus, noAnswerInTime } from '#shared/bus/bus.ts';
import { memoryBus } from '#shared/bus/memory.ts';

export interface BusFaults {
  /** Each notification and each question arrives twice. */
  readonly twice?: boolean;
  /** Notifications come up to so many milliseconds late, each on its own, so in another order. */
  readonly lateMs?: number;
  /** Of so many notifications one is lost. */
  readonly lostOf?: number;
  /** Of so many questions one is answered, and the answer is lost. */
  readonly repliesLostOf?: number;
  /** Questions that are sent before each real one, to the same address; what comes of them is nobody's business. */
  readonly before?: (request: unknown) => readonly unknown[];
}

export interface FaultyBus extends Bus {
  /** Faults that have happened. */
  readonly faults: { count: number };
}

export function faultyBus(faults: BusFaults): FaultyBus {
  const bus = memoryBus();
  const happened = { count: 0 };
  const turns = { hints: 0, replies: 0 };
  const isTurn = (kind: keyof typeof turns, of: number | undefined) => {
    turns[kind] += 1;
    const due = of !== undefined && turns[kind] % of === 0;
    if (due) happened.count += 1;
    return due;
  };
  const notify = (address: string) => {
    if (isTurn('hints', faults.lostOf)) return;
    const { lateMs = 0 } = faults;
    if (lateMs === 0) bus.notify(address);
    else {
      happened.count += 1;
      setTimeout(() => bus.notify(address), Math.random() * lateMs).unref();
    }
    if (!faults.twice) return;
    happened.count += 1;
    bus.notify(address);
  };
  const call: Bus['call'] = async <Answer>(address: string, request: unknown, options?: { timeoutMs?: number }) => {
    for (const each of faults.before?.(request) ?? []) {
      happened.count += 1;
      await bus.call(address, each, options).catch(() => {});
    }
    if (faults.twice) await bus.call(address, request, options).catch(() => {});
    const answer = await bus.call<Answer>(address, request, options);
    if (isTurn('replies', faults.repliesLostOf)) throw noAnswerInTime(address, 0);
    return answer;
  };
  return { ...bus, notify, call, faults: happened };
}
