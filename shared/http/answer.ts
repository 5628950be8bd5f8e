/** Sends the answer of a handler: JSON with its length, raw bytes, or a stream. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import { isBytes, sendBytes } from './bytes.ts';
import type { Answer } from './route.ts';

/** Percent-encodes what a header may not contain, such as a line break in a name that a user chose. */
function setHeader(res: Response, name: string, value: string | readonly string[]): void {
  res.setHeader(name, Array.isArray(value) ? value.map(headerText) : headerText(value as string));
}

const unsendable = /[^\t\x20-\x7e\x80-\xff]+/g;

export const headerText = (value: string): string => {
  const text = String(value); // a number may come where the type says string
  return text.search(unsendable) < 0
    ? text
    : text.replace(unsendable, (some) => encodeURIComponent(some.toWellFormed()));
};

export async function send(res: Response, { status, body, headers = {} }: Answer): Promise<void> {
  res.statusCode = status;
  for (const [name, value] of Object.entries(headers)) setHeader(res, name, value);
  if (body instanceof Readable) return pipeline(body, res);
  if (isBytes(body)) return sendBytes(body, res);
  if (body === undefined) return void res.end();
  const raw = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  if (!res.hasHeader('content-type'))
    res.setHeader('content-type', typeof body === 'string' ? 'text/plain; charset=UTF-8' : 'application/json');
  if (!res.hasHeader('content-length')) res.setHeader('content-length', Buffer.byteLength(raw));
  // a short text is sent in one write with the headers
  res.end(typeof raw === 'string' && raw.length > shortText ? Buffer.from(raw) : raw);
}

const shortText = 16_384;
