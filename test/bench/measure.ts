/**
 * Generates the same load for each server, in turns; each server reports its own CPU time. The result is the median of
 * the ratios per round, so that noise of other processes affects both sides.
 */
import http from 'node:http';
import type { OpenServer, Server } from './server.ts';

export interface Request {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The response must be a 4xx. */
  readonly refused?: boolean;
}

export interface Subject {
  readonly name: string;
  readonly server: OpenServer;
  /** One request, or a function that returns the n-th of a turn. */
  readonly request: Request | ((n: number) => Request);
  /** Target: the largest ratio of CPU time per request to the control. */
  readonly atMost?: number;
  /** Target: the smallest ratio of requests per CPU second to the control. */
  readonly atLeast?: number;
  /** Target: the largest ratio of p99 latency to the control. */
  readonly p99AtMost?: number;
}

export interface Figure {
  readonly subject: Subject;
  /** CPU time of the server, user and system; NaN on another machine. */
  readonly cpuUs: number;
  readonly perSecond: number;
  readonly p99Ms: number;
  /** CPU time relative to the control; wall time where CPU time is NaN. */
  readonly ratio: number;
  readonly p99Ratio: number;
}

export interface Load {
  readonly rounds?: number;
  readonly requests?: number;
  readonly connections?: number;
}

interface Turn {
  readonly cpuUs: number;
  readonly perSecond: number;
  readonly p99Ms: number;
}

export const median = (values: readonly number[]): number => percentile(values, 50);

export const percentile = (values: readonly number[], percent: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length * percent) / 100)] ?? Number.NaN;

/** The first subject is the control. */
export async function compare(
  subjects: readonly Subject[],
  { rounds = 5, requests = 2000, connections = 16 }: Load = {},
): Promise<Figure[]> {
  const running: { readonly server: Server; readonly request: Subject['request'] }[] = [];
  try {
    for (const { server, request } of subjects) running.push({ server: await server(), request });
    for (const { server, request } of running) await drive(server, request, requests, connections); // warm-up
    const turns: Turn[][] = [];
    for (let round = 0; round < rounds; round += 1) {
      const turn: Turn[] = [];
      for (const { server, request } of running) turn.push(await drive(server, request, requests, connections));
      turns.push(turn);
    }
    return subjects.map((subject, at) => figureOf(subject, turns, at));
  } finally {
    for (const { server } of running) await server.close();
  }
}

function figureOf(subject: Subject, turns: readonly Turn[][], at: number): Figure {
  const pairs = turns.flatMap((turn) => {
    const [control, own] = [turn[0], turn[at]];
    return control && own ? [{ control, own }] : [];
  });
  const seen = pairs.every(({ control, own }) => Number.isFinite(control.cpuUs + own.cpuUs));
  const over = (ratio: (pair: { control: Turn; own: Turn }) => number) => median(pairs.map(ratio));
  return {
    subject,
    cpuUs: over(({ own }) => own.cpuUs),
    perSecond: over(({ own }) => own.perSecond),
    p99Ms: over(({ own }) => own.p99Ms),
    ratio: over(({ own, control }) => (seen ? own.cpuUs / control.cpuUs : control.perSecond / own.perSecond)),
    p99Ratio: over(({ own, control }) => own.p99Ms / control.p99Ms),
  };
}

/** Sends `requests` requests over `connections` connections without pauses. */
export async function drive(
  server: Server,
  request: Subject['request'],
  requests: number,
  connections: number,
): Promise<Turn> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const tookMs: number[] = [];
  const [cpu, began] = [await server.cpuUs(), performance.now()];
  await concurrently(connections, requests, async (n) => {
    const asked = performance.now();
    await ask(server, typeof request === 'function' ? request(n) : request, agent);
    tookMs.push(performance.now() - asked);
  });
  const [ended, cpuThen] = [performance.now(), await server.cpuUs()];
  agent.destroy();
  return {
    cpuUs: (cpuThen - cpu) / requests,
    perSecond: (requests / (ended - began)) * 1000,
    p99Ms: percentile(tookMs, 99),
  };
}

export async function concurrently(
  workers: number,
  count: number,
  work: (n: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: workers }, worker));
}

function ask({ host, port }: Server, request: Request, agent: http.Agent): Promise<void> {
  const { path, body, method = 'GET', headers = {}, refused = false } = request;
  return new Promise((resolve, reject) => {
    const asked = http.request({ host, port, path, method, headers, agent }, (answer) => {
      const status = answer.statusCode ?? 500;
      if (refused ? status < 400 || status >= 500 : status >= 400)
        reject(new Error(`${method} ${path} returned ${status}`));
      answer.resume().on('end', resolve);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
