/** Swift's errors: HTML pages. */

import { Fault } from '#shared/errors/fault.ts';
import type { Dialect } from '#shared/http/dialect.ts';
import { challenge } from '#shared/http/fault-formats.ts';
import { STATUS_CODES } from '#shared/net/http.ts';

/** Swift's text for each status. */
const phrases: Readonly<Record<number, string>> = {
  202: 'The request is accepted for processing.',
  401: 'This server could not verify that you are authorized to access the document you requested.',
  403: 'Access was denied to this resource.',
  404: 'The resource could not be found.',
  405: 'The method is not allowed for this resource.',
  409: 'There was a conflict when trying to complete your request.',
  411: 'Content-Length header required.',
  412: 'A precondition for this request was not met.',
  413: 'The body of your request was too large for this server.',
  416: 'The Range requested is not available.',
  422: 'Unable to process the contained instructions',
  499: 'The client was disconnected during request.',
  503: 'The server is currently unavailable. Please try again at a later time.',
};

export const html = { 'content-type': 'text/html; charset=UTF-8' };

const titles = new Map<string, string>();
const mostTitles = 2_000;

/** Header names in title case, `X-Container-Meta-Colour`, as Swift sends them: some clients compare them by case. */
export function titled(name: string): string {
  const found = titles.get(name);
  if (found !== undefined) return found;
  const title = name
    .toLowerCase()
    .replace(/(^|[^a-z])([a-z])/g, (_all, before: string, letter: string) => before + letter.toUpperCase());
  if (titles.size < mostTitles) titles.set(name, title);
  return title;
}

export function titledHeaders<T>(headers: Readonly<Record<string, T>>): Record<string, T> {
  const all: Record<string, T> = {};
  for (const name of Object.keys(headers)) all[titled(name)] = headers[name] as T;
  return all;
}

export const pageOf = (status: number, phrase = phrases[status] ?? ''): string =>
  `<html><h1>${STATUS_CODES[status] ?? status}</h1><p>${phrase}</p></html>`;

/** The kind of a fault whose message is the whole body, as plain text. */
export const textBody = 'textBody';
/** The kind of a fault without a message: the page has the text of the status. */
export const statusPage = 'statusPage';

const bodyOf = ({ status, kind, message }: Fault): string => {
  if (kind === textBody) return message;
  return kind === statusPage ? pageOf(status) : pageOf(status, message.replace(/[<&]/g, ' '));
};

export const swift = (identityUrl: string): Dialect => ({
  version: () => '1.0',
  fault: (fault) => {
    const body = bodyOf(fault);
    const length = { 'content-length': String(Buffer.byteLength(body)) };
    const more = fault.status === 401 ? challenge(identityUrl) : {};
    return { body, headers: titledHeaders({ ...html, ...length, ...more }) };
  },
  headers: (_version, requestId) => {
    const id = transIdOf(requestId);
    return { 'X-Trans-Id': id, 'X-Openstack-Request-Id': id };
  },
  malformedPath: () => new Fault(412, textBody, 'Invalid UTF8 or contains NULL'),
});

/** Swift's transaction id: `tx`, 21 digits of the request id, and the time. */
const transIdOf = (requestId: string): string => {
  const digits = requestId.replace(/[^0-9a-f]/g, '').slice(-21);
  return `tx${digits}-${Math.floor(Date.now() / 1000)
    .toString(16)
    .padStart(10, '0')}`;
};
