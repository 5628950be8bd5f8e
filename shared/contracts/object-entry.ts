/** An entry of a listing: an object in a container, or a container in an account. */
export interface Entry {
  readonly name: string;
  /** When it was last created or deleted; the newest entry wins. */
  readonly timestamp: string;
  /** When its metadata (an object) or its counters (a container) changed; decides between equal timestamps. */
  readonly meta: string;
  readonly deleted: boolean;
  readonly bytes: number;
  /** Objects of a container; 0 for an object. */
  readonly count: number;
  readonly type: string;
  readonly etag: string;
}

/** A common prefix of names, up to the delimiter of a listing. */
interface Subdir {
  readonly subdir: string;
}

export type Listed = Entry | Subdir;
