/** CPU time, memory and sockets of processes, from /proc. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const tickUs = 10_000; // USER_HZ is 100 on Debian

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // the process has ended
  }
};

/** CPU time of the threads that these processes have now, to the microsecond; it lacks those that have ended. */
export const threadsCpuUs = (pids: readonly number[]): number =>
  pids
    .flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((thread) => textOf(`/proc/${pid}/task/${thread}/schedstat`)))
    .reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1_000, 0);

/** The fields after the name, which may contain spaces: state, parent, … utime, stime. */
const statOf = (pid: number): string[] => textOf(`/proc/${pid}/stat`).split(') ')[1]?.split(' ') ?? [];

/** User and system time of all threads. */
export const cpuUs = (pid: number): number => {
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) * tickUs;
};

export const rssMb = (pid: number): number => Number(textOf(`/proc/${pid}/status`).match(/VmRSS:\s+(\d+)/)?.[1]) / 1024;

const allPids = (): number[] => readdirSync('/proc').map(Number).filter(Number.isInteger);

/** CPU time of these processes and their live descendants. */
export function treeCpuUs(roots: readonly number[]): number {
  const parents = new Map(allPids().map((pid) => [pid, Number(statOf(pid)[1])]));
  const isBelow = (pid: number): boolean => roots.includes(pid) || (parents.has(pid) && isBelow(parents.get(pid) ?? 0));
  return [...parents.keys()].filter(isBelow).reduce((sum, pid) => sum + cpuUs(pid), 0);
}

const listening = '0A';

/** Processes that own the listening socket; none when it is on another machine or of another user. */
export function listeningPids(address: string, port: number): number[] {
  const place = `${hexOf(address)}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const anywhere = `00000000${place.slice(-5)}`;
  const sockets = textOf('/proc/net/tcp')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === listening && (local === place || local === anywhere))
    .map((fields) => `socket:[${fields[9]}]`);
  return sockets.length === 0 ? [] : allPids().filter((pid) => openFiles(pid).some((file) => sockets.includes(file)));
}

/** In the form of /proc/net/tcp: hexadecimal bytes in reverse order. */
const hexOf = (address: string): string =>
  (address === 'localhost' ? '127.0.0.1' : address)
    .split('.')
    .map((part) => Number(part).toString(16).toUpperCase().padStart(2, '0'))
    .reverse()
    .join('');

function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    return [];
  }
}
