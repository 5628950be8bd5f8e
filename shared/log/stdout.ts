/**
 * Writes log lines to standard output and never throws. When the disk is full or the reader has closed the pipe, lines
 * are dropped and counted; the next line that can be written is preceded by one with their number (`lostLines`).
 */
import { fstatSync, writeSync } from 'node:fs';

/** Returns a writer that counts the lines for which `write` throws. */
export function countLostLines(write: (text: string) => void): (line: string) => void {
  let lost = 0;
  return (line) => {
    try {
      const notice =
        lost > 0
          ? `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), lostLines: lost, msg: 'lines of this log were lost' })}\n`
          : '';
      write(notice + line);
      lost = 0;
    } catch {
      lost += 1;
    }
  };
}

/**
 * Writes to a file synchronously, since Node's stream would close after its first error; to a pipe or a terminal through
 * Node's stream.
 */
export function toStdout(): (line: string) => void {
  if (isFile()) return countLostLines((text) => void writeWhole(Buffer.from(text)));
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
