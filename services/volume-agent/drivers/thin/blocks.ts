/** What a thin store of blocks can do with one of them by its name; all of it is idempotent except where it says so. */
import type { FileHandle } from 'node:fs/promises';
import type { Encryption, VolumeReport } from '#shared/contracts/volume-agent.ts';
import type { Block, VolumeBytes } from '../driver.ts';

export interface ImageFile {
  /** Inspected: it has the format, and refers to no other file. */
  readonly file: FileHandle;
  readonly format: string;
  /** Its virtual size. */
  readonly bytes: number;
  /** What is made of it becomes a LUKS volume. */
  readonly encryption?: Encryption | undefined;
}

export interface Item {
  readonly name: string;
  readonly sizeBytes: number;
  readonly isOpen: boolean;
}

export interface Blocks {
  names(): Promise<ReadonlySet<string>>;
  /** Undefined when there is none of the name. */
  findSize(name: string): Promise<number | undefined>;
  /** Zeros; fails when the name is taken. */
  create(name: string, sizeBytes: number): Promise<void>;
  /** Shares the blocks of another one at one moment, also while that is written to; fails when the name is taken. */
  clone(from: string, name: string, as: 'volume' | 'snapshot'): Promise<void>;
  extend(name: string, sizeBytes: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Makes sure that it can be exported, whoever made it. */
  activate?(name: string): Promise<void>;
  /** Does nothing when there is none. */
  remove(name: string): Promise<void>;
  /** Throws a Fault while the store is nearly full. */
  requireRoom(): Promise<void>;
  /** Makes one that has the image's data. */
  fill(name: string, sizeBytes: number, image: ImageFile): Promise<void>;
  /** Makes one that shares the blocks of an image which the image service keeps in the same store; false when it does not. */
  cloneImage?(name: string, image: { readonly url: string; readonly sizeBytes: number }): Promise<boolean>;
  /** Makes one that has these blocks and zeros between them. */
  write(name: string, sizeBytes: number, blocks: AsyncIterable<Block>): Promise<void>;
  read(name: string, format: 'raw' | 'qcow2'): Promise<VolumeBytes>;
  /** Where an exporter finds it. */
  pathOf(name: string): string;
  /** What the pool has. */
  items(): Promise<readonly Item[]>;
  report(): Promise<VolumeReport['pools'][number]>;
}
