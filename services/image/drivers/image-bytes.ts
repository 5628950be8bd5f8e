/** Where the bytes of images are kept. A name is used once and never again. */
import type { Readable } from 'node:stream';
import type { Reservation } from '#shared/files/room.ts';

export interface ImageBytes {
  /** Opens a place for new bytes; nobody finds them before `keep`. */
  begin(name: string): Promise<NewBytes>;
  /** From `start` to `end`, both included; throws an error with code ENOENT when there is nothing. */
  open(name: string, range?: { readonly start: number; readonly end: number }): Promise<Readable>;
  /** Content when there is nothing. */
  remove(name: string): Promise<void>;
  /** All that is there, also what was begun and never kept. */
  names(): Promise<readonly string[]>;
  /** Room for so many bytes that are going to be written; throws an error with code ENOSPC. */
  reserve(bytes: number): Promise<Reservation>;
}

export interface NewBytes {
  /** In order; resolves when it may be given the next. */
  write(bytes: Buffer): Promise<void>;
  /** What was written so far. */
  read(offset: number, length: number): Promise<Buffer>;
  /** From now on they are there, also after a power cut. */
  keep(): Promise<void>;
  /** Forgets them. Content when they are gone or kept. */
  drop(): Promise<void>;
}
