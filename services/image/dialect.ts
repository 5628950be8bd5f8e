import { badRequest } from '#shared/errors/fault.ts';
import type { Dialect, Header } from '#shared/http/dialect.ts';
import { challenge } from '#shared/http/fault-formats.ts';
import { own } from '#shared/input/own.ts';
import { STATUS_CODES } from '#shared/net/http.ts';

/** Glance reports faults in HTML, or in JSON when the client accepts it. It has no microversions. */
export const glance = (identityUrl: string): Dialect => ({
  version: () => '2.15',
  fault: ({ status, message }, { header }) => {
    const title = `${STATUS_CODES[status] ?? 'Error'}`;
    const where = status === 401 ? challenge(identityUrl) : {};
    if (wantsJson(header)) return { body: { message, code: `${status} ${title}`, title }, headers: where };
    return {
      body: page(`${status} ${title}`, escaped(message)),
      headers: { 'content-type': 'text/html; charset=UTF-8', ...where },
    };
  },
  invalid: ({ path, reason }) => {
    const where = path.length > 0 ? `${path.join('.')}: ` : '';
    return badRequest(`Provided object does not match schema 'image': ${where}${reason}`);
  },
});

function wantsJson(header: Header): boolean {
  const accept = header('accept') ?? '';
  return accept.includes('application/json') && !accept.includes('text/html');
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string) => text.replace(/[&<>"]/g, (sign) => own(entities, sign) ?? sign);

const page = (title: string, message: string) => `<html>
 <head>
  <title>${title}</title>
 </head>
 <body>
  <h1>${title}</h1>
  ${message}<br /><br />


 </body>
</html>`;
