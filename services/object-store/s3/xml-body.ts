/** The XML that clients of the S3 API send. A DTD is refused, so no entity is defined and nothing refers to files or hosts. */
import { SaxesParser } from 'saxes';
import { refuseS3 } from './errors.ts';

export interface Node {
  readonly name: string;
  readonly children: readonly Node[];
  readonly text: string;
}

interface Building extends Node {
  readonly children: Building[];
  text: string;
}

const deepest = 10;

const malformed = () =>
  refuseS3('MalformedXML', 'The XML that you provided was not well-formed or did not match what is expected.');
const refuse = (): never => {
  throw malformed();
};

/** Throws MalformedXML. */
export function parseXml(body: Buffer): Node {
  const document: Building = { name: '', children: [], text: '' };
  const open = [document];
  const parser = new SaxesParser({ position: false });
  parser.on('error', refuse);
  parser.on('doctype', refuse);
  parser.on('opentag', ({ name }) => {
    const node: Building = { name, children: [], text: '' };
    open.at(-1)?.children.push(node);
    if (open.push(node) > deepest) refuse();
  });
  const addText = (text: string) => {
    const node = open.at(-1);
    if (node) node.text += text;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => void open.pop());
  parser.write(body.toString()).close();
  return document.children[0] ?? refuse();
}

/** The text of a child, with its blanks: they may be those of a key. Undefined when there is none. */
export const childText = (node: Node, name: string): string | undefined =>
  node.children.find((each) => each.name === name)?.text;
