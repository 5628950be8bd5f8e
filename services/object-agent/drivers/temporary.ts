/** A temporary file. Its calls are performed in order, so that it can be deleted while it is being written. */
import { closeSync } from 'node:fs';
import { fsync, open, temporaryIn, unlink, writeAll } from './disk.ts';

export interface Temporary {
  readonly path: string;
  write(buffers: readonly Buffer[]): Promise<void>;
  /** Syncs the file; no write may follow. */
  seal(): Promise<void>;
  /** Deletes the file after all calls in progress. */
  remove(): Promise<void>;
}

export function temporaryFile(root: string): Temporary {
  const path = temporaryIn(root);
  let last: Promise<void> = Promise.resolve();
  let fd: number | undefined;
  let removed = false;

  const inOrder = (work: () => Promise<void>): Promise<void> => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };
  const write = (buffers: readonly Buffer[]) =>
    inOrder(async () => {
      if (removed) throw new Error('the file was taken away');
      fd ??= await open(path, 'wx', 0o600);
      await writeAll(fd, buffers);
    });
  const end = () => {
    if (fd !== undefined) closeSync(fd); // waits for nothing
    fd = undefined;
  };
  const seal = () =>
    inOrder(async () => {
      if (fd !== undefined) await fsync(fd);
      end();
    });
  const remove = () =>
    inOrder(async () => {
      removed = true;
      end();
      await unlink(path);
    });
  return { path, write, seal, remove };
}
