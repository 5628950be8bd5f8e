/** A file that lines are added to, cheaply: gathered for a moment, written together, rotated by size. It never throws. */
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface RotatingFile {
  /** Adds a line, without its end. Lines that find no room on the disk are counted, and told with the next that does. */
  add(line: string): void;
  close(): void;
}

interface Options {
  readonly path: string;
  readonly mostBytes: number;
  /** How many older files stay beside it: `path.1` is the youngest. */
  readonly kept: number;
  /** How long a line may wait; 500 unless told. */
  readonly gatherMs?: number;
}

const gatheredBytes = 64 * 1024;

/** Lines go into one buffer at once: kept as texts they would be copied by each collection of garbage. */
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
  /** To the page cache, which is quicker than a thread of the pool is woken. */
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

/** A log never stops what it tells of. */
function tryTo(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}
