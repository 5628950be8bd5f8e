/** Images that lead to a file of the host, or are not what they say: each is a function of the file it wants to read. */
import { others, polyglots } from './other-formats.ts';
import { qcow2s } from './qcow2.ts';
import { vmdks } from './vmdk.ts';

export interface Recipe {
  readonly name: string;
  /** The disk_format it is uploaded as. */
  readonly format: string;
  readonly bytes: (secret: string) => Buffer;
}

export const recipes: readonly Recipe[] = [...vmdks, ...qcow2s, ...others, ...polyglots];
