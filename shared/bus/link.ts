/** One connection to the broker, reopened with back-off whenever it ends. */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Channel, type ChannelModel, type ConsumeMessage, connect } from 'amqplib';
import type { Log } from '#shared/log/log.ts';
import { urlsOf } from '#shared/net/urls.ts';

/** A user of the connection: notifications, calls, events. `up` runs for each new connection, `down` when it has ended. */
export interface Part {
  up(connection: ChannelModel): Promise<void>;
  down(): void;
}

export interface Link {
  /** Resolves after the first attempt, successful or not. */
  readonly tried: Promise<void>;
  listeningSince(): number | undefined;
  close(): Promise<void>;
}

const connectMs = 5_000;
/** A broker that stops answering is detected after two to three heartbeats. */
const heartbeatSeconds = 5;
const longestPauseMs = 5_000;
/** Where another broker can take over, a dead one is left sooner. */
const several = { connectMs: 2_000, heartbeatSeconds: 2, longestPauseMs: 1_000 };

/** With several brokers in the URL, `a:5671,b:5671`, each attempt is at the next one; the first one is chosen at random. */
export function keepLinked(url: string, log: Log, parts: readonly Part[]): Link {
  const urls = urlsOf(url);
  const timing = urls.length > 1 ? several : { connectMs, heartbeatSeconds, longestPauseMs };
  let next = randomInt(urls.length);
  const tried = Promise.withResolvers<void>();
  const closing = new AbortController();
  let upSince: number | undefined;

  /** Resolves when the connection ends. */
  const serve = async (connection: ChannelModel) => {
    const ended = new Promise((resolve) => connection.once('close', resolve));
    for (const part of parts) await part.up(connection);
    if (closing.signal.aborted) hangUp(connection);
    upSince = Date.now();
    tried.resolve();
    await ended;
  };
  const attempt = async () => {
    const at = urls[next % urls.length] ?? url;
    next += 1;
    const connection = await connect(withHeartbeat(at, timing.heartbeatSeconds), {
      noDelay: true,
      timeout: timing.connectMs,
    });
    connection.on('error', () => {}); // 'close' follows
    const onClosing = () => hangUp(connection);
    closing.signal.addEventListener('abort', onClosing);
    try {
      await serve(connection);
    } finally {
      closing.signal.removeEventListener('abort', onClosing);
      hangUp(connection);
      upSince = undefined;
      for (const part of parts) part.down();
    }
  };
  const loop = async () => {
    for (let failures = 0; !closing.signal.aborted; failures += 1) {
      try {
        await attempt();
        failures = 0;
        log.warn({}, 'the connection to the broker ended');
      } catch (error) {
        log.warn({ error }, 'the broker is unreachable');
      }
      tried.resolve();
      await sleep(pauseMs(failures, timing.longestPauseMs), undefined, { signal: closing.signal }).catch(() => {});
    }
  };

  const ended = loop();
  const close = () => {
    closing.abort();
    return ended;
  };
  return { tried: tried.promise, listeningSince: () => upSince, close };
}

/** Does nothing when the connection has ended already. */
function hangUp(connection: ChannelModel): void {
  connection.close().catch(() => {});
}

function withHeartbeat(url: string, seconds: number): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(seconds));
  return parsed.href;
}

const pauseMs = (failures: number, longestMs: number) =>
  Math.min(longestMs, 100 * 2 ** failures) * (0.5 + Math.random() / 2);

/** Closes the connection when one of its channels ends, so that recovery has one path: a new connection. */
export function guardChannel<C extends Channel>(connection: ChannelModel, channel: C, log: Log): C {
  channel.on('error', (error) => log.warn({ error }, 'the broker closed a channel'));
  channel.on('close', () => hangUp(connection));
  return channel;
}

/** A consumer whose queue was deleted gets null and nothing more: its channel is closed, so that the queue is declared again. */
export const consumerOn =
  (channel: Channel, hear: (message: ConsumeMessage) => void) =>
  (message: ConsumeMessage | null): void => {
    if (message) hear(message);
    else close(channel).catch(() => {});
  };

/** Throws at once, and not by its promise, when the channel has ended. */
const close = async (channel: Channel): Promise<void> => channel.close();
