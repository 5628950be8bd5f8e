/** PUT with `extract-archive`: each file of a tar archive becomes an object. */
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Headers } from '#shared/contracts/object-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { changeOrRefuse } from '../cluster/write.ts';
import { putObject } from '../objects/upload.ts';
import { authorizeOperator, containerInfo, orNone } from '../requests/authorize.ts';
import { acceptedType } from '../requests/listing.ts';
import { faultOf, refuse } from '../requests/refusals.ts';
import { type ObjectPath, type ObjectRequest, type PathHandler, pathFromName } from '../requests/request.ts';
import { type TarFile, tarFiles } from '../requests/tar.ts';
import { callWith } from './call-with.ts';
import type { Feature } from './feature.ts';
import { type Report, reportAnswer, statusLine } from './many-deletes.ts';

export const extractLimits = { containers: 10_000, failures: 1_000 };

const extract: PathHandler = async (request) => {
  const { call, headers } = request;
  const kind = call.query['extract-archive'] ?? '';
  if (kind === 'tar.bz2') throw refuse(400, 'extract-archive: tar.bz2 is not supported here: send tar or tar.gz.\n');
  if (kind !== 'tar' && kind !== 'tar.gz') throw refuse(400, 'Unsupported archive format');
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) throw refuse(411);
  const type = acceptedType(call);
  const report: Report = { counters: { 'Number Files Created': 0 }, status: 201, body: '', errors: [] };
  const stream = kind === 'tar' ? call.stream : pipeline(call.stream, createGunzip(), () => {});
  return reportAnswer(report, type, work(request, stream, report));
};

async function work(request: ObjectRequest, stream: AsyncIterable<unknown>, report: Report): Promise<void> {
  const containers = new Set<string>();
  try {
    for await (const file of tarFiles(stream)) {
      await extractOne(request, file, containers, report);
      if (report.errors.length >= extractLimits.failures) break;
    }
    if (report.errors.length > 0) report.status = report.status >= 500 ? report.status : 400;
    else if (report.counters['Number Files Created'] === 0) throw refuse(400, 'Invalid Tar File: No Valid Files');
  } catch (error) {
    const isOurs = error instanceof Fault;
    const isArchive = String((error as { code?: string }).code).startsWith('Z_');
    if (!isOurs && !isArchive) request.store.log.error({ error }, 'an archive was not unpacked');
    report.status = isOurs ? error.status : isArchive ? 400 : 500;
    report.body = isOurs ? error.message : isArchive ? 'Invalid Tar File: it is not compressed as announced' : '';
  }
}

/** Files beside all folders are left out when the path of the request names no container. */
async function extractOne(
  request: ObjectRequest,
  file: TarFile,
  containers: Set<string>,
  report: Report,
): Promise<void> {
  const { container, object, account } = request.target;
  const base = [container, object].filter(Boolean).join('/');
  const name = [base, file.name.replace(/^\.\//, '').replace(/^\/+/, '')].filter(Boolean).join('/');
  if (!name.includes('/')) return;
  try {
    const target = pathFromName(account, name);
    await ensureContainer(request, target, containers);
    const headers = headersFor(request.headers, file);
    const call = callWith(request.call, {
      method: 'PUT',
      query: {},
      headers,
      stream: Readable.from(file.bytes, { objectMode: false }),
    });
    await putObject({ ...request, target, headers, call });
    report.counters['Number Files Created'] = (report.counters['Number Files Created'] ?? 0) + 1;
  } catch (error) {
    const { status } = faultOf(error);
    report.errors.push([encodeURIComponent(name).replaceAll('%2F', '/'), statusLine(status)]);
    if (status === 401) throw refuse(401, '');
    if (status >= 500) report.status = 502;
  }
}

/** Who may only write into the container gets no further here; the object itself decides. */
async function ensureContainer(request: ObjectRequest, target: ObjectPath, known: Set<string>): Promise<void> {
  if (known.has(target.container)) return;
  if (known.size >= extractLimits.containers)
    throw refuse(400, `More than ${extractLimits.containers} containers to create from tar.`);
  known.add(target.container);
  const container = { ...target, object: '' };
  if (await containerInfo(request.store, container).catch(orNone)) return;
  authorizeOperator({ ...request, target: container });
  await changeOrRefuse(request.store, container, 'PUT');
}

/** What the request says of all files, and extended attributes of one. */
function headersFor(given: Headers, { size, records }: TarFile): Headers {
  const common = Object.entries(given).filter(([name]) =>
    /^(x-object-meta-|x-delete-(at|after)$|content-type$|x-detect-content-type$)/.test(name),
  );
  const own = [...records].flatMap(([key, value]): [string, string][] => {
    const name = key.match(/^(?:SCHILY|LIBARCHIVE)\.xattr\.user\.(mime_type|meta\.(.+))$/);
    if (!name) return [];
    const text = Buffer.from(value).toString('latin1');
    return [[name[1] === 'mime_type' ? 'content-type' : `x-object-meta-${name[2]?.toLowerCase()}`, text]];
  });
  return { ...Object.fromEntries([...common, ...own]), 'content-length': String(size) };
}

const verbs = { put: extract };
export const extractArchive: Feature = {
  matches: ({ query }) => query['extract-archive'] !== undefined,
  account: verbs,
  container: verbs,
  object: verbs,
};
