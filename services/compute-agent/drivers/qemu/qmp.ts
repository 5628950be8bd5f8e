/** QEMU's machine protocol: one JSON object per line, answers in the order of the commands, events in between. */
import type { Socket } from 'node:net';
import { connectUnix } from '#shared/process/unix-socket.ts';

export interface QmpEvent {
  readonly event: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** QEMU said no. */
export class QmpRefused extends Error {}
/** The process went away, or does not answer. */
export class QmpGone extends Error {}

type Message = QmpEvent & {
  readonly QMP?: unknown;
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
};
interface Waiting {
  readonly command: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A line longer than this is no answer of QEMU's: the other side is not trusted. */
const longestLine = 8 * 1024 * 1024;

export class Qmp {
  /** Resolves when the connection is over, by either side. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  readonly #listeners = new Set<(event: QmpEvent) => void>();
  #rest = '';
  #greeted = Promise.withResolvers<unknown>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve(this.#end())));
    this.#greeted.promise.catch(() => {});
    socket.on('error', () => {});
    socket.setEncoding('utf8').on('data', (chunk: string) => this.#read(chunk));
  }

  /** `owner` is the user that runs the guest; null: our own. */
  static async connect(path: string, owner: number | null): Promise<Qmp> {
    const qmp = new Qmp(await connectUnix(path, owner ?? undefined));
    const late = setTimeout(() => qmp.close(), 10_000);
    await qmp.#greeted.promise.finally(() => clearTimeout(late));
    await qmp.execute('qmp_capabilities');
    return qmp;
  }

  execute<T = unknown>(command: string, args: object = {}, timeoutMs = 30_000): Promise<T> {
    if (this.#socket.destroyed) return Promise.reject(new QmpGone(`${command}: QEMU is gone`));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.push({ command, resolve, reject });
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    const late = setTimeout(() => this.close(), timeoutMs); // answers have no names: after a lost one none can be matched
    return promise.finally(() => clearTimeout(late)) as Promise<T>;
  }

  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** True when such an event came within the time; false when time, QEMU or patience ended first. Begin before the command. */
  async heard(match: (event: QmpEvent) => boolean, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const off = this.onEvent((event) => match(event) && resolve(true));
    const timer = setTimeout(() => resolve(false), timeoutMs);
    const enough = () => resolve(false);
    void this.closed.then(enough);
    signal?.addEventListener('abort', enough);
    if (signal?.aborted) enough();
    return promise.finally(() => {
      signal?.removeEventListener('abort', enough);
      off();
      clearTimeout(timer);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > longestLine) this.close();
    for (const line of lines) this.#take(line);
  }

  #take(line: string): void {
    const message = parsed(line);
    if (message === null) this.close();
    else if (message.QMP) this.#greeted.resolve(null);
    else if (message.event) for (const listener of this.#listeners) listener(message);
    else this.#answer(message);
  }

  #answer(message: Message): void {
    const waiting = this.#waiting.shift();
    if (message.error) waiting?.reject(new QmpRefused(`${waiting.command}: ${message.error.desc}`));
    else waiting?.resolve(message.return);
  }

  #end(): void {
    this.#greeted.reject(new QmpGone('QEMU did not greet'));
    for (const { command, reject } of this.#waiting.splice(0)) reject(new QmpGone(`${command}: QEMU is gone`));
  }
}

function parsed(line: string): Message | null {
  try {
    return JSON.parse(line) as Message;
  } catch {
    return null;
  }
}
