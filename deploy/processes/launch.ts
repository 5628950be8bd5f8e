/** Starts a role in the background and waits until it works. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from '../command.ts';
import type { Endpoint } from '../endpoints.ts';
import type { Home } from '../settings.ts';
import { root } from '../setup/paths.js';
import { isFree } from '../split/ports.ts';
import { findRunning, startOf } from './pid-file.ts';
import { processOf } from './role-process.ts';
import { listRunning } from './stop-all.ts';

const patienceMs = 120_000;
const logLimit = 64 * 1024 * 1024;

export async function launch(
  home: Home,
  role: string,
  endpoints: readonly Endpoint[],
  wanted: readonly string[],
): Promise<void> {
  const running = listRunning(home).flatMap((each) => each.role.split('+'));
  await checkPorts(endpoints.filter(({ name }) => !running.includes(name)));
  const logFile = join(home.directory.log, `${role}.log`);
  keepShort(logFile);
  const from = sizeOf(logFile);
  const pid = spawnDetached(role, logFile);
  const ended = new AbortController();
  const giveUp = AbortSignal.any([AbortSignal.timeout(patienceMs), ended.signal]);
  const { listen } = await import('./listen.ts'); // read while the other begins
  const listening = listen(home, endpoints, giveUp); // at once: who answers early need not be asked late
  const state = await untilReady(pid, join(home.directory.run, `${role}.pid`), giveUp);
  if (state !== 'ready') ended.abort();
  if (state === 'ended') throw new Refusal(`it ended at once. ${logFile} says:\n${complaints(logFile, from)}`);
  if (state === 'late') throw new Refusal(tooLate(home, role, wanted));
  const silent = await (await listening).silent(wanted);
  if (silent.length > 0) throw new Refusal(`nothing heard of ${silent.join(', ')}; see ${logFile}`);
}

async function untilReady(pid: number, pidFile: string, giveUp: AbortSignal): Promise<'ready' | 'ended' | 'late'> {
  while (!findRunning(pidFile)?.ready) {
    if (!startOf(pid)) return 'ended';
    if (giveUp.aborted) return 'late';
    await sleep(20);
  }
  return 'ready';
}

/** A process of its own session: it lives on when the terminal closes. */
function spawnDetached(role: string, logFile: string): number {
  const log = openSync(logFile, 'a', 0o640);
  const { words, environment } = processOf(role);
  const [command = '', ...args] = words;
  const env = { ...process.env, ...environment };
  const child = spawn(command, args, { cwd: root, detached: true, stdio: ['ignore', log, log], env });
  closeSync(log);
  child.unref();
  if (child.pid === undefined) throw new Refusal(`${command} cannot be started`);
  return child.pid;
}

const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

function keepShort(logFile: string): void {
  if (sizeOf(logFile) > logLimit) renameSync(logFile, `${logFile}.1`);
}

function tooLate(home: Home, role: string, wanted: readonly string[]): string {
  const ready = listRunning(home).flatMap((each) => (each.ready ? [each.role] : []));
  const awaited = role === 'supervisor' ? wanted.filter((part) => !ready.includes(part)) : [role];
  return `not ready after ${patienceMs / 1000} s: ${awaited.join(', ')}; see ${home.directory.log}`;
}

async function checkPorts(endpoints: readonly Endpoint[]): Promise<void> {
  const taken: string[] = [];
  for (const { name, host, port } of endpoints)
    if (!(await isFree(host, port))) taken.push(`${host}:${port} (${name})`);
  if (taken.length === 0) return;
  throw new Refusal(`somebody else listens at ${taken.join(', ')}; another address helps: WATTLE_ADDRESS=127.0.0.3`);
}

/** What a process said before it ended, without the good news. */
function complaints(logFile: string, from: number): string {
  const lines = readFileSync(logFile).subarray(from).toString().split('\n');
  return lines
    .filter((line) => line !== '' && !line.startsWith('{"level":"info"'))
    .slice(-15)
    .join('\n');
}
