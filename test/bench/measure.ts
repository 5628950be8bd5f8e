/**
 * Servers are child processes that tell their own CPU; the load is made here, the same for each, in turns.
 * What counts is the median of the ratios of one round: the neighbours' noise is in both.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { join } from 'node:path';

export interface Subject {
  readonly name: string;
  /** A file below servers/, and what it is told. */
  readonly server: string;
  readonly args?: readonly string[];
  readonly request: {
    readonly method?: string;
    readonly path: string;
    readonly headers?: Record<string, string>;
    readonly body?: string;
  };
}

export interface Figure {
  readonly name: string;
  /** CPU of the server, user and system. */
  readonly cpuUsPerRequest: number;
  readonly perSecond: number;
  readonly cpuRatio: number;
}

interface Running {
  readonly subject: Subject;
  readonly child: ChildProcess;
  readonly port: number;
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** The first subject is the control of the others. */
export async function compare(
  subjects: readonly Subject[],
  { rounds = 5, requests = 2000, connections = 16 } = {},
): Promise<Figure[]> {
  const running: Running[] = [];
  try {
    for (const subject of subjects) running.push(await begin(subject));
    for (const each of running) await drive(each, requests, connections); // warm
    const turns: { cpu: number; rate: number }[][] = [];
    for (let round = 0; round < rounds; round += 1) {
      const turn: { cpu: number; rate: number }[] = [];
      for (const each of running) turn.push(await drive(each, requests, connections));
      turns.push(turn);
    }
    return subjects.map(({ name }, at) => ({
      name,
      cpuUsPerRequest: median(turns.map((turn) => turn[at]?.cpu ?? 0)),
      perSecond: median(turns.map((turn) => turn[at]?.rate ?? 0)),
      cpuRatio: median(turns.map((turn) => (turn[at]?.cpu ?? 0) / (turn[0]?.cpu ?? 1))),
    }));
  } finally {
    for (const { child } of running) child.kill();
  }
}

async function begin(subject: Subject): Promise<Running> {
  const child = fork(join(import.meta.dirname, 'servers', subject.server), subject.args ?? []);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { subject, child, port };
}

async function cpuOf(child: ChildProcess): Promise<number> {
  child.send('cpu');
  const [{ cpu }] = (await once(child, 'message')) as [{ cpu: number }];
  return cpu;
}

async function drive(
  { subject: { request }, child, port }: Running,
  requests: number,
  connections: number,
): Promise<{ cpu: number; rate: number }> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const { path, body, method = 'GET', headers = {} } = request;
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const asked = http.request({ port, path, method, headers, agent }, (answer) => {
        if ((answer.statusCode ?? 500) >= 400) reject(new Error(`${method} ${path} was answered ${answer.statusCode}`));
        answer.resume().on('end', resolve);
      });
      asked.on('error', reject);
      asked.end(body);
    });
  let left = requests;
  const worker = async () => {
    while (left-- > 0) await one();
  };
  const [before, began] = [await cpuOf(child), performance.now()];
  await Promise.all(Array.from({ length: connections }, worker));
  const [after, ended] = [await cpuOf(child), performance.now()];
  agent.destroy();
  return { cpu: (after - before) / requests, rate: (requests / (ended - began)) * 1000 };
}

export function print(title: string, figures: readonly Figure[]): void {
  process.stdout.write(`\n${title}\n`);
  for (const { name, cpuUsPerRequest, perSecond, cpuRatio } of figures)
    process.stdout.write(
      `  ${name.padEnd(58)} ${cpuUsPerRequest.toFixed(0).padStart(7)} us CPU ${perSecond.toFixed(0).padStart(7)}/s   ${cpuRatio.toFixed(2)} x\n`,
    );
}
