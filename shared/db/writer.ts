/**
 * Several database servers of which one accepts writes at a time (the others are read-only, or without quorum). All pools of a
 * process that name the same servers share one view of which one it is. While connections are open, the writer is checked
 * once a second: one that dies, hangs or becomes read-only is left, and every connection to it is closed, so that what waits
 * there fails at once and is repeated at the next writer where that is safe.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { within } from '#shared/clock/within.ts';

export interface Server {
  readonly host: string;
  readonly port: number;
}

/** Opens and inspects the connections of one pool. */
export interface Connector<Connection> {
  connect(server: Server): Promise<Connection>;
  /** Whether its server accepts writes. Rejects when the connection is lost. */
  isWritable(connection: Connection): Promise<boolean>;
  /** Closes the connection without waiting; what waits for an answer on it fails. */
  destroy(connection: Connection, reason: Error): void;
  isOpen(connection: Connection): boolean;
}

export interface Writer {
  /** Returns a connection to the writer. Rejects when there is none at the moment. */
  open<Connection>(connector: Connector<Connection>): Promise<Connection>;
}

export interface Timing {
  readonly checkMs: number;
  /** A writer that does not answer a check in this time is left. */
  readonly answerMs: number;
}

const usual: Timing = { checkMs: 1_000, answerMs: 2_000 };

/** No server accepts writes now: an election may be under way. */
export class NoWriter extends Error {
  readonly code = 'NO_WRITER';
}

const lost = () => Object.assign(new Error('the database server is no longer the writer'), { code: 'ECONNRESET' });

const shared = new Map<string, Writer>();

/** The writer among some servers, as all pools of this process know it. */
export function writerAmong(servers: readonly Server[]): Writer {
  const key = JSON.stringify(servers);
  const known = shared.get(key) ?? watchWriter(servers);
  shared.set(key, known);
  return known;
}

interface Held {
  isOpen(): boolean;
  destroy(): void;
}

export function watchWriter(servers: readonly Server[], { checkMs, answerMs }: Timing = usual): Writer {
  let current: Server | undefined;
  let finding: Promise<Server> | undefined;
  let watching = false;
  let held: Held[] = [];

  const leave = (server: Server) => {
    if (current !== server) return;
    current = undefined;
    const former = held;
    held = [];
    for (const each of former) each.destroy();
  };

  const find = async <C>(connector: Connector<C>): Promise<Server> => {
    finding ??= firstWritable(servers, connector, answerMs).finally(() => {
      finding = undefined;
    });
    return finding;
  };

  /** Ends when no connection is open. */
  const watch = async <C>(connector: Connector<C>) => {
    if (watching) return;
    watching = true;
    let probe: { readonly server: Server; readonly connection: C } | undefined;
    while (held.length > 0 && current) {
      const server = current;
      if (probe?.server !== server) {
        if (probe) connector.destroy(probe.connection, lost());
        probe = undefined;
        const connection = await within(
          answerMs,
          connector.connect(server).catch(() => undefined),
        );
        if (connection) probe = { server, connection };
      }
      const writable =
        probe &&
        (await within(
          answerMs,
          connector.isWritable(probe.connection).catch(() => false),
        ));
      if (!writable) leave(server);
      await sleep(checkMs, undefined, { ref: false });
      held = held.filter((each) => each.isOpen());
    }
    if (probe) connector.destroy(probe.connection, lost());
    watching = false;
  };

  const open = async <C>(connector: Connector<C>): Promise<C> => {
    const server = current ?? (await find(connector));
    try {
      const connection = await connectWritable(server, connector, answerMs);
      current ??= server;
      held.push({
        isOpen: () => connector.isOpen(connection),
        destroy: () => connector.destroy(connection, lost()),
      });
      void watch(connector);
      return connection;
    } catch (error) {
      leave(server);
      throw error;
    }
  };
  return { open };
}

/** All servers are asked at once: one that is dead costs no time. */
async function firstWritable<C>(servers: readonly Server[], connector: Connector<C>, ms: number): Promise<Server> {
  const ask = async (server: Server) => {
    connector.destroy(await connectWritable(server, connector, ms), lost());
    return server;
  };
  return Promise.any(servers.map(ask)).catch((cause: AggregateError) => {
    const reasons = cause.errors.map((error: Error, at) => `${servers[at]?.host}: ${error.message}`);
    throw new NoWriter(`no database server accepts writes (${reasons.join('; ')})`, { cause });
  });
}

async function connectWritable<C>(server: Server, connector: Connector<C>, ms: number): Promise<C> {
  const connecting = connector.connect(server);
  const connection = await within(ms, connecting);
  if (connection === undefined) {
    connecting.then(
      (late) => connector.destroy(late, lost()),
      () => {},
    );
    throw new NoWriter(`no connection within ${ms} ms`);
  }
  const writable = await within(ms, connector.isWritable(connection));
  if (writable) return connection;
  connector.destroy(connection, lost());
  throw new NoWriter(writable === false ? 'it is read-only' : `no answer within ${ms} ms`);
}
