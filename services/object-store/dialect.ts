/** Swift speaks of failures in small pages of HTML. */
import { STATUS_CODES } from 'node:http';
import { Fault } from '#shared/errors/fault.ts';
import type { Dialect } from '#shared/http/dialect.ts';
import { challenge } from '#shared/http/fault-formats.ts';

/** What Swift says of a status when it has nothing better to say. */
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

/** Names of headers as Swift writes them, `X-Container-Meta-Colour`: some clients compare them letter by letter. */
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

/** Says all in its message, without a page. */
export const spoken = 'spoken';
/** Needs no words but those of its status. */
export const wordless = 'wordless';

const bodyOf = ({ status, kind, message }: Fault): string => {
  if (kind === spoken) return message;
  return kind === wordless ? pageOf(status) : pageOf(status, message.replace(/[<&]/g, ' '));
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
  malformedPath: () => new Fault(412, spoken, 'Invalid UTF8 or contains NULL'),
});

/** `tx`, 21 digits of the request's id, and when: people who read Swift's logs expect it so. */
const transIdOf = (requestId: string): string => {
  const digits = requestId.replace(/[^0-9a-f]/g, '').slice(-21);
  return `tx${digits}-${Math.floor(Date.now() / 1000)
    .toString(16)
    .padStart(10, '0')}`;
};
