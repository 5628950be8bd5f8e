import { EventEmitter } from 'node:events';
import { Fault } from '#shared/errors/fault.ts';
import { type Bus, noAnswerAt, noAnswerInTime, type Sender } from './bus.ts';

/** Copies through JSON, so that what works here also works over a broker. */
const copy = (value: unknown) => (value === undefined ? null : JSON.parse(JSON.stringify(value)));

export function memoryBus(): Bus {
  const notifications = new EventEmitter().setMaxListeners(0);
  const begunAt = Date.now();
  const answers = new Map<string, (request: never, sender: Sender) => Promise<unknown>>();
  return {
    notify: (address) => {
      setImmediate(() => notifications.emit(address));
    },
    onNotify: (address, listener) => {
      notifications.on(address, listener);
      return () => notifications.off(address, listener);
    },
    call: async (address, request, { timeoutMs = 10_000 } = {}) => {
      const answer = answers.get(address);
      if (!answer) throw noAnswerAt(address);
      return copy(await inTime(answer(copy(request) as never, undefined), address, timeoutMs));
    },
    onCall: (address, answer) => {
      answers.set(address, answer);
      return () => {
        if (answers.get(address) === answer) answers.delete(address);
      };
    },
    publish: async () => {},
    listeningSince: () => begunAt,
    close: async () => answers.clear(),
  };
}

function inTime(answer: Promise<unknown>, address: string, ms: number): Promise<unknown> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(noAnswerInTime(address, ms)), ms);
  return Promise.race([answer.catch(asOverABroker), late.promise]).finally(() => clearTimeout(timer));
}

/** Over a broker only the message of an error arrives. */
function asOverABroker(error: unknown): never {
  if (error instanceof Fault) throw error;
  throw new Error(error instanceof Error ? error.message : String(error));
}
