/** The headers that answers about accounts, containers and objects share. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Answer } from '#shared/http/route.ts';
import { secondsOf } from '#shared/ring/timestamp.ts';
import { html, pageOf } from '../dialect.ts';

/** Without content, as Swift says it. */
export const plain = (status: number, headers: Headers = {}): Answer => ({
  status,
  headers: { ...html, 'content-length': '0', ...headers },
});
export const noContent = (headers: Headers = {}): Answer => plain(204, headers);
/** With the small page that goes with the status. */
export const paged = (status: number, headers: Headers = {}): Answer => ({
  status,
  headers: { ...html, ...headers },
  body: pageOf(status),
});

/** Whole seconds, rounded up: nothing was changed after it was last modified. */
export const httpDate = (timestamp: string): string => new Date(Math.ceil(secondsOf(timestamp)) * 1000).toUTCString();

/** What an agent said, without what is only between it and us. */
export function publicHeaders(headers: Headers): Record<string, string> {
  const said: Record<string, string> = {};
  for (const name of Object.keys(headers)) if (!inner.test(name)) said[name] = headers[name] ?? '';
  return said;
}

const inner = /^(x-backend-|x-(account|container|object)-(transient-)?sysmeta-|x-put-timestamp)|^date$/;
