/** Containers as web sites, for callers without a token: index pages, listings and pages for errors. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Entry, Listed } from '#shared/contracts/object-entry.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Answer } from '#shared/http/route.ts';
import { trimEndOf } from '#shared/input/trim.ts';
import { isoOf } from '#shared/ring/timestamp.ts';
import { read } from '../cluster/read.ts';
import { authorize, containerInfo, orNone } from '../requests/authorize.ts';
import { escaped, listingLimit } from '../requests/listing.ts';
import { faultOf, refuse } from '../requests/refusals.ts';
import { decoded, isTrue, type ObjectRequest, type PathHandler } from '../requests/request.ts';
import type { Filter } from './filter.ts';

const webPrefix = 'x-container-meta-web-';

/** What the container says of its web site. */
interface Site {
  readonly index: string | undefined;
  readonly error: string | undefined;
  readonly listings: boolean;
  readonly label: string | undefined;
  readonly css: string | undefined;
  readonly directoryType: string;
}

interface Visit {
  readonly request: ObjectRequest;
  readonly next: PathHandler;
  readonly site: Site;
}

export const staticWeb: Filter = {
  matches: ({ method, header, caller }) =>
    (method === 'GET' || method === 'HEAD') && (caller.userId === '' || isTrue(header('x-web-mode'))),
  handle: async (request, next) => {
    const { store, target } = request;
    if (target.container === '') return next(request);
    const info = await containerInfo(store, target).catch(orNone);
    const site = siteOf(info ?? {});
    if (!site.index && !site.listings)
      return site.error ? orErrorPage({ request, next, site }, next(request)) : next(request);
    const visit = { request, next, site };
    return orErrorPage(visit, target.object === '' ? root(visit) : page(visit));
  },
};

/** Headers have a character for each byte. */
const utf8 = (text: string | undefined) => text && Buffer.from(text, 'latin1').toString();

const siteOf = (info: Headers): Site => ({
  index: utf8(info[`${webPrefix}index`]),
  error: utf8(info[`${webPrefix}error`]),
  listings: isTrue(info[`${webPrefix}listings`]),
  label: utf8(info[`${webPrefix}listings-label`]),
  css: utf8(info[`${webPrefix}listings-css`]),
  directoryType: info[`${webPrefix}directory-type`] ?? 'application/directory',
});

const pathOf = ({ call }: ObjectRequest): string => call.url.split('?')[0] ?? '';
const hasSlash = (request: ObjectRequest): boolean => pathOf(request).endsWith('/');

const moved = (request: ObjectRequest): Answer => {
  const [path = '', query] = request.call.url.split('?');
  const location = `${request.call.base}${path}/${query === undefined ? '' : `?${query}`}`;
  return { status: 301, headers: { location, 'content-length': '0' } };
};

const get = ({ request, next }: Visit, object: string): Promise<Answer | Fault> =>
  next({ ...request, target: { ...request.target, object } }).catch(faultOf);
const isMissing = (found: Answer | Fault): found is Fault => found instanceof Fault && found.status === 404;

/** The container itself. */
async function root(visit: Visit): Promise<Answer> {
  const { request, site } = visit;
  if (!hasSlash(request)) {
    await authorize({ ...request, target: { ...request.target, object: site.index ?? 'index' } });
    return moved(request);
  }
  if (!site.index) return listing(visit, '');
  const found = await get(visit, site.index);
  if (isMissing(found)) return listing(visit, '');
  return orThrow(found);
}

/** An object, or all below a prefix. */
async function page(visit: Visit): Promise<Answer> {
  const { request, site } = visit;
  const { object } = request.target;
  const found = await get(visit, object);
  if (!isMissing(found) && !isDirectory(found, site)) return orThrow(found);
  const folder = trimEndOf(object, '/');
  const index = site.index ? await get(visit, `${folder}/${site.index}`) : undefined;
  if (index && !isMissing(index)) return hasSlash(request) ? orThrow(index) : moved(request);
  if (hasSlash(request)) return listing(visit, `${folder}/`);
  const below = await namesBelow(request, `${folder}/`, 1);
  if (below.length === 0) throw found instanceof Fault ? found : refuse(404);
  return moved(request);
}

function orThrow(found: Answer | Fault): Answer {
  if (found instanceof Fault) throw found;
  return found;
}

/** An empty object that stands for a folder. */
function isDirectory(found: Answer | Fault, { directoryType }: Site): boolean {
  if (found instanceof Fault) return false;
  const type = String(found.headers?.['content-type'] ?? '').split(';')[0];
  return type === directoryType && Number(found.headers?.['content-length'] ?? 0) <= 1;
}

/** The caller has to be allowed to list. */
async function namesBelow(request: ObjectRequest, start: string, limit: number): Promise<Listed[]> {
  const { store, target } = request;
  await authorize({ ...request, target: { ...target, object: '' } });
  const query = { prefix: start, delimiter: '/', limit: String(limit) };
  const { body } = await read(store, {
    kind: 'container',
    method: 'GET',
    path: [target.account, target.container],
    query,
  });
  return JSON.parse(String(body ?? '[]')) as Listed[];
}

async function listing(visit: Visit, start: string): Promise<Answer> {
  const { request, site } = visit;
  if (!site.listings) throw refuse(404, disabled, { 'content-type': 'text/html; charset=UTF-8' });
  const names = await namesBelow(request, start, listingLimit);
  if (names.length === 0 && start !== '') throw refuse(404);
  const body = Buffer.from(listingPage(request, site, start, names));
  const headers = { 'content-type': 'text/html; charset=UTF-8', 'content-length': String(body.length) };
  return { status: 200, headers, ...(request.call.method === 'HEAD' ? {} : { body }) };
}

const disabled =
  '<!DOCTYPE html><html><h1>Web Listing Disabled</h1><p>The owner of this web site has disabled web listing.</p></html>';

function listingPage(request: ObjectRequest, { css, label }: Site, start: string, names: readonly Listed[]): string {
  const title = escaped(`Listing of ${label ? `${label}/${start}` : decoded(pathOf(request))}`);
  const href =
    css &&
    (/^(https?:)?\/\//.test(css) || css.startsWith('/')
      ? css
      : `${'../'.repeat(start.split('/').length - 1)}${css.split('/').map(encodeURIComponent).join('/')}`);
  const style = href
    ? `<link rel="stylesheet" type="text/css" href="${escaped(href)}" />`
    : '<style>h1 {font-size: 1em; font-weight: bold;} th {text-align: left; padding: 0 1em;} td {padding: 0 1em;}</style>';
  const { prefix: signed, query } = signatureIn(request);
  const up = start === signed ? '' : row(`../${query}`, '../', '', '');
  const rows = names.map((each) => {
    const name = ('subdir' in each ? each.subdir : each.name).slice(start.length);
    const about = 'subdir' in each ? (['', ''] as const) : fileColumns(each);
    return row(`${linkTo(name)}${query}`, name, ...about);
  });
  return `<!DOCTYPE html>\n<html><head><title>${title}</title>${style}</head><body><h1 id="title">${title}</h1><table id="listing">
<tr id="heading"><th class="colname">Name</th><th class="colsize">Size</th><th class="coldate">Date</th></tr>
${up}${rows.join('')}</table></body></html>\n`;
}

const linkTo = (name: string): string => `${name.split('/').map(encodeURIComponent).join('/')}`;
const fileColumns = ({ bytes, timestamp }: Entry) => [String(bytes), isoOf(timestamp).slice(0, 19)] as const;

/** Links carry on the signature for a prefix that opened the page; above the prefix it opens nothing. */
function signatureIn({ grant, call }: ObjectRequest): { readonly prefix: string; readonly query: string } {
  const given = new URLSearchParams(call.url.split('?')[1]);
  const prefix = given.get('temp_url_prefix');
  if (!grant || prefix === null) return { prefix: '', query: '' };
  const names = ['temp_url_prefix', 'temp_url_expires', 'temp_url_sig', 'temp_url_ip_range'];
  const pairs = names
    .filter((name) => given.has(name))
    .map((name) => `${name}=${encodeURIComponent(given.get(name) ?? '').replaceAll('%2F', '/')}`);
  return { prefix, query: `?${[...pairs, ...(given.has('inline') ? ['inline'] : [])].join('&')}` };
}

const row = (href: string, name: string, size: string, date: string) =>
  `<tr class="item"><td class="colname"><a href="${escaped(href)}">${escaped(name)}</a></td><td class="colsize">${size}</td><td class="coldate">${date}</td></tr>\n`;

/** The container's own page for the status, `404error.html`, where it has one. */
async function orErrorPage(visit: Visit, answer: Promise<Answer>): Promise<Answer> {
  const found = await answer.catch(faultOf);
  if (!(found instanceof Fault)) return found;
  const { error } = visit.site;
  if (!error || found.status < 400) throw found;
  const own = await get(visit, `${found.status}${error}`);
  if (own instanceof Fault) throw found;
  return { ...own, status: found.status };
}
