declare module 'mime-types' {
  /** The type of a file name or ending; false when it is unknown. */
  export function lookup(name: string): string | false;
}
