/** A file that has no name yet. Its calls are done in order, so that it can be taken away while it is being written. */
import { closeSync } from 'node:fs';
import { fsync, open, temporaryIn, unlink, writeAll } from './disk.ts';

export interface Temporary {
  readonly path: string;
  write(buffers: readonly Buffer[]): Promise<void>;
  /** Everything is on the disk now, and nothing more will come. */
  seal(): Promise<void>;
  /** Whatever was under way: there is no file when this ends. */
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
