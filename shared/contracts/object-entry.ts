/** A row of a container (an object) or of an account (a container), as agents and proxies pass it on. */
export interface Entry {
  readonly name: string;
  /** When it was last made or removed: the newest wins. */
  readonly timestamp: string;
  /** Of two with one timestamp the newer of these wins: a POST to an object, a report of a container's counters. */
  readonly meta: string;
  readonly deleted: boolean;
  readonly bytes: number;
  /** Objects of a container; 0 for an object. */
  readonly count: number;
  readonly type: string;
  readonly etag: string;
}

/** What a listing holds besides entries: all names up to a delimiter. */
interface Subdir {
  readonly subdir: string;
}

export type Listed = Entry | Subdir;
