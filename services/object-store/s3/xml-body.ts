/**
 * The XML that clients of the S3 API send: elements and text alone. DTDs, entities of its own, comments and instructions are refused, so
 * nothing in it can refer to files, hosts or itself.
 */
import { refuseS3 } from './errors.ts';

export interface Node {
  readonly name: string;
  readonly children: readonly Node[];
  readonly text: string;
}

const malformed = () =>
  refuseS3('MalformedXML', 'The XML that you provided was not well-formed or did not match what is expected.');
const entities: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);
const deepest = 10;
const token =
  /<\/([\w:.-]{1,100})\s{0,20}>|<([\w:.-]{1,100})((?:\s{1,20}[\w:.-]{1,100}="[^"<]{0,300}"){0,10})\s{0,20}(\/?)>|[^<]+/y;

/** Throws MalformedXML. */
export function parseXml(body: Buffer): Node {
  const text = body
    .toString()
    .replace(/^\ufeff?\s*<\?xml [^<>?]{0,200}\?>/, '')
    .trim();
  const root: Building = { name: '', children: [], text: '' };
  const open: Building[] = [root];
  for (let at = 0; at < text.length; at = token.lastIndex) {
    token.lastIndex = at;
    const found = token.exec(text);
    const parent = open.at(-1);
    if (!found || !parent) throw malformed();
    const [all, closing, opening, , empty] = found;
    if (closing !== undefined) {
      if (open.length === 1 || parent.name !== closing) throw malformed();
      open.pop();
    } else if (opening !== undefined) {
      const node: Building = { name: opening, children: [], text: '' };
      parent.children.push(node);
      if (empty === '') open.push(node);
      if (open.length > deepest) throw malformed();
    } else parent.text += unescaped(all);
  }
  const [only] = root.children;
  if (open.length !== 1 || root.children.length !== 1 || !only || root.text.trim() !== '') throw malformed();
  return only;
}

interface Building extends Node {
  readonly children: Building[];
  text: string;
}

const unescaped = (text: string): string =>
  text.replace(/&([^;&]{0,10});?/g, (_all, name: string) => {
    const code = name.match(/^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i);
    const point = code ? Number.parseInt(code[1] ?? code[2] ?? '', code[1] ? 16 : 10) : undefined;
    if (point !== undefined && point > 0 && point <= 0x10ffff) return String.fromCodePoint(point);
    const known = entities.get(name);
    if (known === undefined) throw malformed();
    return known;
  });

/** The text of a child; undefined when there is none. */
export const childText = (node: Node, name: string): string | undefined =>
  node.children.find((each) => each.name === name)?.text.trim();
