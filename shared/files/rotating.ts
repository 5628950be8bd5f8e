/** A file that lines are added to, cheaply: gathered for a moment, written together, rotated by size. It never throws. */
import { close, closeSync, fstatSync, mkdirSync, openSync, renameSync, write, writeSync } from 'node:fs';
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

const writeAt = 64 * 1024;
const mostWaiting = 4 * 1024 * 1024;

export function openRotating({ path, mostBytes, kept, gatherMs = 500 }: Options): RotatingFile {
  let fd = -1;
  let [size, lost] = [0, 0];
  let [waiting, lines] = ['', 0];
  let isWriting = false;
  let timer: NodeJS.Timeout | undefined;

  const open = () => {
    mkdirSync(dirname(path), { recursive: true });
    fd = openSync(path, 'a', 0o640);
    size = fstatSync(fd).size;
  };
  const rotate = () => {
    for (let at = kept - 1; at >= 0; at -= 1)
      tryTo(() => renameSync(at === 0 ? path : `${path}.${at}`, `${path}.${at + 1}`));
    close(fd, () => {});
    open();
  };
  const ready = () => {
    if (fd < 0) open();
    if (size > mostBytes) rotate();
  };
  const take = (): [Buffer, number] => {
    const told = lost > 0 ? `${JSON.stringify({ time: new Date().toISOString(), lostLines: lost })}\n` : '';
    const taken: [Buffer, number] = [Buffer.from(told + waiting), lines];
    [waiting, lines] = ['', 0];
    return taken;
  };
  const ended = (error: Error | null, bytes: Buffer, written: number, count: number) => {
    isWriting = false;
    size += written;
    if (error || written < bytes.length) lost += count;
    else lost = 0;
    if (waiting.length > writeAt) flush();
  };
  const flush = () => {
    timer = undefined;
    if (isWriting || waiting === '') return;
    const [bytes, count] = take();
    try {
      ready();
    } catch {
      lost += count;
      return;
    }
    isWriting = true;
    write(fd, bytes, 0, bytes.length, null, (error, written) => ended(error, bytes, written ?? 0, count));
  };
  const add = (line: string) => {
    if (waiting.length > mostWaiting) {
      lost += 1;
      return;
    }
    waiting += `${line}\n`;
    lines += 1;
    if (waiting.length > writeAt) flush();
    else timer ??= setTimeout(flush, gatherMs).unref();
  };
  const end = () => {
    clearTimeout(timer);
    tryTo(() => {
      if (waiting !== '') ready();
      if (waiting !== '') writeSync(fd, take()[0]);
      if (fd >= 0) closeSync(fd);
    });
    fd = -1;
  };
  return { add, close: end };
}

function tryTo(act: () => void): void {
  try {
    act();
  } catch {
    // a log never stops what it tells of
  }
}
