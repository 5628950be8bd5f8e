/** Writes the XML of the S3 API. */
import { escaped } from '../requests/listing.ts';

type Content = string | number | boolean;

/** Children that are elements already are made by `element`, too. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Outside of attributes an apostrophe stands for itself, and clients compare messages. */
const textOf = (content: Content): string => escaped(content).replaceAll('&apos;', "'");

export const element = (name: string, ...children: readonly (Content | Markup | undefined)[]): Markup => {
  const inner = children.filter((each) => each !== undefined);
  return new Markup(
    `<${name}>${inner.map((each) => (each instanceof Markup ? each.text : textOf(each))).join('')}</${name}>`,
  );
};

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** A whole document; errors have no namespace. */
export function page(root: string, xmlns: string, ...children: readonly (Markup | undefined)[]): string {
  const inner = children.map((each) => each?.text ?? '').join('');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${xmlns === '' ? '' : ` xmlns="${xmlns}"`}>${inner}</${root}>`;
}

export const document = (root: string, ...children: readonly (Markup | undefined)[]): string =>
  page(root, namespace, ...children);
