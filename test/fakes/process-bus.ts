/** The bus of an agent that a test runs in a process of its own, over the channel between the two processes. */
import type { ChildProcess } from 'node:child_process';
import type { Bus } from '#shared/bus/bus.ts';
import { NoAnswer } from '#shared/bus/bus.ts';
import { Fault } from '#shared/errors/fault.ts';

type ToTest =
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly address: string;
      readonly request: unknown;
      readonly timeoutMs?: number;
    }
  | { readonly kind: 'listen'; readonly address: string };
type ToAgent =
  | {
      readonly kind: 'reply';
      readonly id: number;
      readonly answer?: unknown;
      readonly error?: string;
      readonly fault?: Fault;
    }
  | { readonly kind: 'notify'; readonly address: string };

/** In the process of the agent. */
export function processBus(): Bus {
  const send = (message: ToTest) => void process.send?.(message);
  const listeners = new Map<string, Set<() => void>>();
  const pending = new Map<number, PromiseWithResolvers<never>>();
  let last = 0;
  const begun = Date.now();
  process.on('message', (message: ToAgent) => {
    if (message.kind === 'notify') for (const listener of listeners.get(message.address) ?? []) listener();
    else answerTo(pending.get(message.id), message);
  });
  return {
    notify: () => {},
    onNotify: (address, listener) => {
      const known = listeners.get(address) ?? new Set();
      listeners.set(address, known.add(listener));
      send({ kind: 'listen', address });
      return () => known.delete(listener);
    },
    call: (address, request, { timeoutMs = 10_000 } = {}) => {
      last += 1;
      const [id, reply] = [last, Promise.withResolvers<never>()];
      pending.set(id, reply);
      const late = setTimeout(() => reply.reject(new NoAnswer(`no answer within ${timeoutMs} ms`)), timeoutMs);
      send({ kind: 'call', id, address, request, timeoutMs });
      return reply.promise.finally(() => {
        clearTimeout(late);
        pending.delete(id);
      });
    },
    onCall: () => () => {},
    publish: async () => {},
    listeningSince: () => begun,
    close: async () => process.disconnect(),
  };
}

function answerTo(waiting: PromiseWithResolvers<never> | undefined, reply: Extract<ToAgent, { kind: 'reply' }>): void {
  const { fault, error, answer } = reply;
  if (fault) waiting?.reject(new Fault(fault.status, fault.kind, fault.message));
  else if (error !== undefined) waiting?.reject(new Error(error));
  else waiting?.resolve(answer as never);
}

/** In the process of the test: passes messages between the agent and the bus until it is cut. */
export function connectToBus(child: ChildProcess, bus: Bus): { cut(): void; join(): void } {
  let isCut = false;
  const send = (message: ToAgent) => {
    if (!isCut && child.connected) child.send(message, () => {});
  };
  child.on('message', (message: ToTest) => {
    if (isCut) return;
    const { address } = message;
    if (message.kind === 'listen') return void bus.onNotify(address, () => send({ kind: 'notify', address }));
    const { id, request, timeoutMs = 10_000 } = message;
    bus.call(address, request, { timeoutMs }).then(
      (answer) => send({ kind: 'reply', id, answer }),
      (error: Error) =>
        send(
          error instanceof Fault
            ? { kind: 'reply', id, fault: { ...error, message: error.message } }
            : { kind: 'reply', id, error: String(error) },
        ),
    );
  });
  return {
    cut: () => {
      isCut = true;
    },
    join: () => {
      isCut = false;
    },
  };
}
