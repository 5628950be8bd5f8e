/** Storage of image data. Names are never reused. */
import type { Readable } from 'node:stream';
import type { Reservation } from '#shared/files/room.ts';

export interface ImageBytes {
  /** Starts new data; it cannot be opened before `publish`. */
  begin(name: string): Promise<NewBytes>;
  /** From `start` to `end`, inclusive; throws an error with code ENOENT when the name does not exist. */
  open(name: string, range?: { readonly start: number; readonly end: number }): Promise<Readable>;
  /** Idempotent. */
  remove(name: string): Promise<void>;
  /** All names, including data that was not published. */
  names(): Promise<readonly string[]>;
  /** Reserves disk space; throws an error with code ENOSPC. */
  reserve(bytes: number): Promise<Reservation>;
}

export interface NewBytes {
  /** Appends; wait for it before the next write. */
  write(bytes: Buffer): Promise<void>;
  /** Reads data written so far. */
  read(offset: number, length: number): Promise<Buffer>;
  /** Makes the data durable and available under its name. */
  publish(): Promise<void>;
  /** Removes unpublished data. Idempotent; does nothing after `publish`. */
  discard(): Promise<void>;
}
