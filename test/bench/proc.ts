/** What /proc tells of processes. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const tickUs = 10_000; // a hundredth of a second, on every Linux that Debian makes

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
};

/** Without the name, which may hold anything: state, parent ... utime and stime. */
const statOf = (pid: number): string[] => textOf(`/proc/${pid}/stat`).split(') ')[1]?.split(' ') ?? [];

/** User and system, all its threads. */
export const cpuUs = (pid: number): number => {
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) * tickUs;
};

export const rssMb = (pid: number): number => Number(textOf(`/proc/${pid}/status`).match(/VmRSS:\s+(\d+)/)?.[1]) / 1024;

const allPids = (): number[] => readdirSync('/proc').map(Number).filter(Number.isInteger);

/** Of these and all that they started and that still runs. */
export function treeCpuUs(roots: readonly number[]): number {
  const parents = new Map(allPids().map((pid) => [pid, Number(statOf(pid)[1])]));
  const isBelow = (pid: number): boolean => roots.includes(pid) || (parents.has(pid) && isBelow(parents.get(pid) ?? 0));
  return [...parents.keys()].filter(isBelow).reduce((sum, pid) => sum + cpuUs(pid), 0);
}

const listening = '0A';

/** Those who hold the socket that listens there; none when it is another machine, or another user's. */
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

/** As the kernel writes an IPv4 address: backwards. */
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
