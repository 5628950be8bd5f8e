/** Starts a role in the background and waits until its APIs respond and its agents have reported. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from '../command.ts';
import type { Endpoint } from '../endpoints.ts';
import type { Home } from '../settings.ts';
import { root } from '../setup/paths.js';
import { isFree } from '../split/ports.ts';
import { findRunning, startTimeOf } from './pid-file.ts';
import { roleCommand } from './role-process.ts';
import { listRunning } from './stop-all.ts';

const timeoutMs = 120_000;
const logLimit = 64 * 1024 * 1024;

export async function launchRole(
  home: Home,
  role: string,
  endpoints: readonly Endpoint[],
  wanted: readonly string[],
): Promise<void> {
  const running = listRunning(home).flatMap((each) => each.role.split('+'));
  await checkPorts(endpoints.filter(({ name }) => !running.includes(name)));
  const logFile = join(home.directory.log, `${role}.log`);
  rotate(logFile);
  const from = sizeOf(logFile);
  const pid = spawnDetached(role, logFile);
  const failed = new AbortController();
  const giveUp = AbortSignal.any([AbortSignal.timeout(timeoutMs), failed.signal]);
  const { watchStart } = await import('./watch-start.ts'); // loaded while the process starts
  const watching = watchStart(home, endpoints, giveUp); // before the process is ready: most APIs respond by then
  const state = await untilReady(pid, join(home.directory.run, `${role}.pid`), giveUp);
  if (state !== 'ready') failed.abort();
  if (state === 'ended')
    throw new Refusal(`the process ended during start; from ${logFile}:\n${warningsIn(logFile, from)}`);
  if (state === 'late') throw new Refusal(tooLate(home, role, wanted));
  const silent = await (await watching).listSilent(wanted);
  if (silent.length > 0) throw new Refusal(`no response from ${silent.join(', ')}; see ${logFile}`);
}

async function untilReady(pid: number, pidFile: string, giveUp: AbortSignal): Promise<'ready' | 'ended' | 'late'> {
  while (!findRunning(pidFile)?.ready) {
    if (!startTimeOf(pid)) return 'ended';
    if (giveUp.aborted) return 'late';
    await sleep(20);
  }
  return 'ready';
}

/** In its own session, so that it keeps running when the terminal closes. */
function spawnDetached(role: string, logFile: string): number {
  const log = openSync(logFile, 'a', 0o640);
  const { argv, environment } = roleCommand(role);
  const [command = '', ...args] = argv;
  const env = { ...process.env, ...environment };
  const child = spawn(command, args, { cwd: root, detached: true, stdio: ['ignore', log, log], env });
  closeSync(log);
  child.unref();
  if (child.pid === undefined) throw new Refusal(`${command} cannot be started`);
  return child.pid;
}

const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

function rotate(logFile: string): void {
  if (sizeOf(logFile) > logLimit) renameSync(logFile, `${logFile}.1`);
}

function tooLate(home: Home, role: string, wanted: readonly string[]): string {
  const ready = listRunning(home).flatMap((each) => (each.ready ? [each.role] : []));
  const pending = role === 'supervisor' ? wanted.filter((part) => !ready.includes(part)) : [role];
  return `not ready after ${timeoutMs / 1000} s: ${pending.join(', ')}; see ${home.directory.log}`;
}

async function checkPorts(endpoints: readonly Endpoint[]): Promise<void> {
  const taken: string[] = [];
  for (const { name, host, port } of endpoints)
    if (!(await isFree(host, port))) taken.push(`${host}:${port} (${name})`);
  if (taken.length === 0) return;
  throw new Refusal(`in use by another process: ${taken.join(', ')}; choose another address: WATTLE_ADDRESS=127.0.0.3`);
}

/** The last lines after offset `from` that are above level info. */
function warningsIn(logFile: string, from: number): string {
  const lines = readFileSync(logFile).subarray(from).toString().split('\n');
  return lines
    .filter((line) => line !== '' && !line.startsWith('{"level":"info"'))
    .slice(-15)
    .join('\n');
}
