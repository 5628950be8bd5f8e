/** Errors of the page's API: `{ error: { message } }`. The headers of every answer keep other sites and inline code out. */
import type { Dialect } from '#shared/http/dialect.ts';

/** Scripts, styles and connections of this origin alone; nobody may put the page into a frame. */
const contentPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const headers = {
  'content-security-policy': contentPolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
  'strict-transport-security': 'max-age=31536000', // without TLS browsers ignore it
};

export const page: Dialect = {
  version: () => '1.0',
  headers: () => headers,
  fault: ({ message, type }) => ({ body: { error: { message, ...(type ? { type } : {}) } } }),
};
