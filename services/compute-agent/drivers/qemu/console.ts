/** The text of a guest's serial console, which QEMU writes to a file as the guest's user. */
import { open } from 'node:fs/promises';
import { openOwnedBy } from './owned-file.ts';

/** Nova's limit on returned console text: a guest may write without end, and without a line break. */
const maxTextBytes = 100 * 1024;

export async function readTail(uid: number | null, path: string, lines: number | null): Promise<string> {
  const file = await openOwnedBy(uid, path);
  if (!file) return '';
  try {
    const { size } = await file.stat();
    const length = Math.min(size, maxTextBytes);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return lines === null ? buffer.toString() : lastLines(buffer.toString(), lines);
  } finally {
    await file.close();
  }
}

const lastLines = (text: string, count: number) => {
  const lines = text.split('\n');
  const end = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  return count > 0 ? lines.slice(Math.max(0, end - count)).join('\n') : '';
};

/** QEMU appends, so the file can be truncated while it is written: its last part is written back to the front. */
export async function trimConsole(uid: number | null, path: string, maxBytes: number): Promise<void> {
  const reading = await openOwnedBy(uid, path);
  if (!reading) return;
  try {
    const { size } = await reading.stat();
    if (size <= maxBytes) return;
    const { buffer } = await reading.read(Buffer.alloc(maxTextBytes), 0, maxTextBytes, size - maxTextBytes);
    const writing = await open(`/proc/self/fd/${reading.fd}`, 'r+'); // the file that was checked, not the path
    await writing
      .truncate(0)
      .then(() => writing.appendFile(buffer))
      .finally(() => writing.close());
  } finally {
    await reading.close();
  }
}
