/** Answers and headers that accounts, containers and objects share. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Answer } from '#shared/http/route.ts';
import { secondsOf } from '#shared/ring/timestamp.ts';
import { html, pageOf } from '../dialect.ts';

/** An answer without content, with Swift's headers. */
export const plain = (status: number, headers: Headers = {}): Answer => ({
  status,
  headers: { ...html, 'content-length': '0', ...headers },
});
export const noContent = (headers: Headers = {}): Answer => plain(204, headers);
/** An answer with the HTML page of its status. */
export const paged = (status: number, headers: Headers = {}): Answer => ({
  status,
  headers: { ...html, ...headers },
  body: pageOf(status),
});

/** Rounded up to whole seconds, so that nothing is newer than its Last-Modified. */
export const httpDate = (timestamp: string): string => new Date(Math.ceil(secondsOf(timestamp)) * 1000).toUTCString();

/** The headers of an agent without internal ones. */
export function publicHeaders(headers: Headers): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const name of Object.keys(headers)) if (!inner.test(name)) shown[name] = headers[name] ?? '';
  return shown;
}

const inner = /^(x-backend-|x-(account|container|object)-(transient-)?sysmeta-|x-put-timestamp)|^date$/;
