declare module 'accepts' {
  interface Accepts {
    /** The best of these types for the client; false when it accepts none. */
    type(types: readonly string[]): string | false;
  }
  export default function accepts(req: { readonly headers: { readonly accept: string } }): Accepts;
}
