/** Reads multipart/form-data part by part, in constant memory. */
import { refuse } from './refusals.ts';

export interface FormPart {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Has to be read to its end before the next part. */
  readonly bytes: AsyncIterable<Buffer>;
}

const longestHead = 8192;
const lineEnd = Buffer.from('\r\n\r\n');
const bad = (why: string) => refuse(400, `FormPost: ${why}`, { 'content-type': 'text/plain' });

export async function* formParts(stream: AsyncIterable<unknown>, boundary: string): AsyncGenerator<FormPart> {
  const chunks = stream[Symbol.asyncIterator]();
  const mark = Buffer.from(`\r\n--${boundary}`);
  let held: Buffer = Buffer.from('\r\n'); // so that the first mark is like the others
  let ended = false;
  const more = async (): Promise<boolean> => {
    const { value, done } = await chunks.next();
    if (done) return false;
    held = Buffer.concat([held, value as Buffer]);
    return true;
  };
  /** Everything before the next mark, which is left out. */
  async function* untilMark(): AsyncGenerator<Buffer> {
    for (;;) {
      const at = held.indexOf(mark);
      const sure = at < 0 ? Math.max(0, held.length - mark.length) : at;
      if (sure > 0) yield held.subarray(0, sure);
      held = held.subarray(at < 0 ? sure : at + mark.length);
      if (at >= 0) return;
      if (!(await more())) throw bad('the form ended before its end');
    }
  }
  for await (const before of untilMark()) if (before.length > 0) throw bad('invalid starting boundary');
  while (!ended) {
    while (held.length < 2) if (!(await more())) throw bad('the form ended before its end');
    ended = held.subarray(0, 2).toString() === '--';
    if (ended) return;
    while (held.indexOf(lineEnd) < 0) {
      if (held.length > longestHead) throw bad('the headers of a part are too long');
      if (!(await more())) throw bad('the form ended before its end');
    }
    const end = held.indexOf(lineEnd);
    const headers = headersIn(held.subarray(0, end).toString());
    held = held.subarray(end + lineEnd.length);
    const bytes = untilMark();
    yield { headers, bytes };
    for await (const _rest of bytes); // what the reader left
  }
}

function headersIn(text: string): Record<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).trim().toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
}

/** The parameters of a header: `form-data; name="a"; filename="b"`. */
export function parametersOf(header: string): Readonly<Record<string, string>> {
  const found = [...header.matchAll(/;\s*([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^;]*))/g)];
  return Object.fromEntries(
    found.map(([, name = '', quoted, word]) => [name.toLowerCase(), (quoted ?? word ?? '').replace(/\\(.)/g, '$1')]),
  );
}
