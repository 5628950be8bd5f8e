/** QEMU's machine protocol: one JSON object per line, replies in the order of the commands, events in between. */
import type { Socket } from 'node:net';
import { connectUnix } from '#shared/process/unix-socket.ts';

export interface QmpEvent {
  readonly event: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** QEMU refused a command. */
export class QmpRefused extends Error {}
/** The process ended, or does not answer. */
export class QmpGone extends Error {}

type Message = QmpEvent & {
  readonly QMP?: unknown;
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
};
interface PendingCommand {
  readonly command: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Longer lines close the connection: the other side is not trusted. */
const maxLineLength = 8 * 1024 * 1024;

export class Qmp {
  /** Resolves when either side has closed the connection. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #pending: PendingCommand[] = [];
  readonly #listeners = new Set<(event: QmpEvent) => void>();
  #partialLine = '';
  #greeted = Promise.withResolvers<unknown>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve(this.#end())));
    this.#greeted.promise.catch(() => {});
    socket.on('error', () => {});
    socket.setEncoding('utf8').on('data', (chunk: string) => this.#read(chunk));
  }

  /** `owner` is the user that runs the guest; null: the agent's own. */
  static async connect(path: string, owner: number | null): Promise<Qmp> {
    const qmp = new Qmp(await connectUnix(path, owner ?? undefined));
    const timer = setTimeout(() => qmp.close(), 10_000);
    await qmp.#greeted.promise.finally(() => clearTimeout(timer));
    await qmp.execute('qmp_capabilities');
    return qmp;
  }

  execute<T = unknown>(command: string, args: object = {}, timeoutMs = 30_000): Promise<T> {
    if (this.#socket.destroyed) return Promise.reject(new QmpGone(`${command}: QEMU is gone`));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#pending.push({ command, resolve, reject });
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    const timer = setTimeout(() => this.close(), timeoutMs); // replies have no ids: after a lost one no reply can be matched
    return promise.finally(() => clearTimeout(timer)) as Promise<T>;
  }

  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** True when a matching event arrived in time; false on timeout, disconnect or abort. Call it before the command. */
  async waitForEvent(match: (event: QmpEvent) => boolean, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const off = this.onEvent((event) => match(event) && resolve(true));
    const timer = setTimeout(() => resolve(false), timeoutMs);
    const giveUp = () => resolve(false);
    void this.closed.then(giveUp);
    signal?.addEventListener('abort', giveUp);
    if (signal?.aborted) giveUp();
    return promise.finally(() => {
      signal?.removeEventListener('abort', giveUp);
      off();
      clearTimeout(timer);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: string): void {
    const lines = (this.#partialLine + chunk).split('\n');
    this.#partialLine = lines.pop() ?? '';
    if (this.#partialLine.length > maxLineLength) this.close();
    for (const line of lines) this.#dispatch(line);
  }

  #dispatch(line: string): void {
    const message = parseMessage(line);
    if (message === null) this.close();
    else if (message.QMP) this.#greeted.resolve(null);
    else if (message.event) for (const listener of this.#listeners) listener(message);
    else this.#reply(message);
  }

  #reply(message: Message): void {
    const pending = this.#pending.shift();
    if (message.error) pending?.reject(new QmpRefused(`${pending.command}: ${message.error.desc}`));
    else pending?.resolve(message.return);
  }

  #end(): void {
    this.#greeted.reject(new QmpGone('no QMP greeting from QEMU'));
    for (const { command, reject } of this.#pending.splice(0)) reject(new QmpGone(`${command}: QEMU is gone`));
  }
}

function parseMessage(line: string): Message | null {
  try {
    return JSON.parse(line) as Message;
  } catch {
    return null;
  }
}
