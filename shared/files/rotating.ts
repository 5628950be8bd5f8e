/** A log file: lines are buffered, written in batches, and the file is rotated by size. It never throws. */
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface RotatingFile {
  /** Adds a line, given without its line end. Lines that cannot be written are counted; a later line has their number. */
  add(line: string): void;
  close(): void;
}

interface Options {
  readonly path: string;
  readonly mostBytes: number;
  /** The number of rotated files to keep: `path.1` is the newest. */
  readonly kept: number;
  /** The maximum time in the buffer; 500 by default. */
  readonly gatherMs?: number;
}

const gatheredBytes = 64 * 1024;

/** Lines are encoded into one buffer at once: as strings they would be copied by each garbage collection. */
export function openRotating({ path, mostBytes, kept, gatherMs = 500 }: Options): RotatingFile {
  const gathered = Buffer.allocUnsafe(gatheredBytes);
  let fd = -1;
  let [size, lost] = [0, 0];
  let [bytes, lines] = [0, 0];
  let timer: NodeJS.Timeout | undefined;

  const open = () => {
    mkdirSync(dirname(path), { recursive: true });
    fd = openSync(path, 'a', 0o640);
    size = fstatSync(fd).size;
  };
  const rotate = () => {
    for (let at = kept - 1; at >= 0; at -= 1)
      tryTo(() => renameSync(at === 0 ? path : `${path}.${at}`, `${path}.${at + 1}`));
    closeSync(fd);
    open();
  };
  const put = (some: Buffer) => {
    for (let at = 0; at < some.length; ) at += writeSync(fd, some, at);
    size += some.length;
  };
  /** Synchronous: a write to the page cache is faster than waking a thread of the pool. */
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const [some, count] = [gathered.subarray(0, bytes), lines];
    [bytes, lines] = [0, 0];
    if (count === 0) return;
    const isWritten = tryTo(() => {
      if (fd < 0) open();
      if (size > mostBytes) rotate();
      if (lost > 0) put(Buffer.from(`${JSON.stringify({ time: new Date().toISOString(), lostLines: lost })}\n`));
      put(some);
    });
    lost = isWritten ? 0 : lost + count;
  };
  const add = (line: string) => {
    if (line.length * 3 + 1 > gatheredBytes - bytes) flush();
    bytes += gathered.write(line.length * 3 > gatheredBytes ? line.slice(0, 1024) : line, bytes);
    bytes += gathered.write('\n', bytes);
    lines += 1;
    timer ??= setTimeout(flush, gatherMs).unref();
  };
  const close = () => {
    flush();
    if (fd >= 0) tryTo(() => closeSync(fd));
    fd = -1;
  };
  return { add, close };
}

/** Returns whether it succeeded: a failing log must not stop the service. */
function tryTo(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}
