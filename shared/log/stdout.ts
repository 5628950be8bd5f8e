/**
 * Lines to standard output, whatever becomes of it. A full disk or a reader that went away costs lines, never the
 * process: they are counted, and told with the next line that can be written.
 */
import { fstatSync, writeSync } from 'node:fs';

/** `write` throws when it cannot. */
export function keepCounting(write: (text: string) => void): (line: string) => void {
  let lost = 0;
  return (line) => {
    try {
      const told =
        lost > 0
          ? `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), lostLines: lost, msg: 'lines of this log were lost' })}\n`
          : '';
      write(told + line);
      lost = 0;
    } catch {
      lost += 1;
    }
  };
}

/** A file is written at once, past a stream that would end with its first error; a pipe or a terminal by Node's stream. */
export function toStdout(): (line: string) => void {
  if (isFile()) return keepCounting((text) => void writeWhole(Buffer.from(text)));
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', () => {});
  return (line) => void process.stdout.write(line);
}

function isFile(): boolean {
  try {
    return fstatSync(1).isFile();
  } catch {
    return false;
  }
}

function writeWhole(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}
