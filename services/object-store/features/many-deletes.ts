/** Many deletes in one request: a bounded number, with a report, ended when the client disconnects. */

import { Fault } from '#shared/errors/fault.ts';
import type { Bytes } from '#shared/http/bytes.ts';
import type { Answer } from '#shared/http/route.ts';
import { STATUS_CODES } from '#shared/net/http.ts';
import { changeOrRefuse } from '../cluster/write.ts';
import { removeWithVersions } from '../objects/remove.ts';
import { authorize, authorizeOperator, containerInfo } from '../requests/authorize.ts';
import { acceptedType, escaped } from '../requests/listing.ts';
import { refuse } from '../requests/refusals.ts';
import { levelOf, type ObjectPath, type ObjectRequest } from '../requests/request.ts';

export const deleteLimits = { perRequest: 10_000, failures: 1_000, yieldMs: 10_000 };

/** One name to delete, or the error of an invalid one. */
export interface ToDelete {
  /** The name as the client sent it. */
  readonly name: string;
  readonly target?: ObjectPath;
  readonly refused?: Fault;
}

type Items = (signal: AbortSignal) => Promise<readonly ToDelete[]>;

/** What happened, so far. */
export interface Report {
  /** By the names that Swift gives them. */
  readonly counters: Record<string, number>;
  status: number;
  body: string;
  readonly errors: [name: string, status: string][];
}

export const statusLine = (status: number): string => `${status} ${STATUS_CODES[status] ?? ''}`;
/** Deletes objects first, then containers, as Swift does. The answer begins at once, and spaces keep the connection alive. */
export function deleteAll(request: ObjectRequest, items: Items): Answer {
  const type = acceptedType(request.call);
  const report: Report = { counters: { [deletedCount]: 0, [missedCount]: 0 }, status: 200, body: '', errors: [] };
  return reportAnswer(report, type, work(request, items, report));
}

const deletedCount = 'Number Deleted';
const missedCount = 'Number Not Found';
const count = ({ counters }: Report, name: string): void => {
  counters[name] = (counters[name] ?? 0) + 1;
};

/** The answer begins before the work is done. */
export const reportAnswer = (report: Report, type: string, done: Promise<void>): Answer => ({
  status: 200,
  headers: { 'content-type': type },
  body: reportWhenDone(done, () => written(type, report), type),
});

async function work(request: ObjectRequest, items: Items, report: Report): Promise<void> {
  const signal = request.call.signal();
  try {
    const all = await items(signal);
    const isObject = ({ target }: ToDelete) => !target || levelOf(target) === 'object';
    for (const each of [...all.filter(isObject), ...all.filter((item) => !isObject(item))]) {
      if (signal.aborted) return;
      await deleteOne(request, each, report);
      if (report.errors.length >= deleteLimits.failures) throw refuse(400, 'Max delete failures exceeded');
    }
    if (report.errors.length > 0) report.status = Math.max(report.status, 400);
    else if (Object.values(report.counters).every((number) => number === 0)) throw refuse(400, 'Invalid bulk delete.');
  } catch (error) {
    if (!(error instanceof Fault)) request.store.log.error({ error }, 'a bulk delete failed');
    report.status = error instanceof Fault ? error.status : 500;
    report.body = error instanceof Fault ? error.message : '';
  }
}

/** Deletes one name. A 401 ends the whole request. */
async function deleteOne(request: ObjectRequest, { name, target, refused }: ToDelete, report: Report): Promise<void> {
  try {
    if (refused) throw refused;
    if (target && (await removed({ ...request, target }))) count(report, deletedCount);
    else count(report, missedCount);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.status === 404) {
      count(report, missedCount);
      return;
    }
    report.errors.push([encodeURIComponent(name).replaceAll('%2F', '/'), statusLine(error.status)]);
    if (error.status === 401) throw refuse(401, '');
    if (error.status >= 500) report.status = 502;
  }
}

async function removed(request: ObjectRequest): Promise<boolean> {
  const { store, target } = request;
  if (levelOf(target) === 'container') {
    authorizeOperator(request);
    await changeOrRefuse(store, target, 'DELETE');
    return true;
  }
  await authorize(request, 'DELETE');
  const container = await containerInfo(store, target);
  return (await removeWithVersions(request, container)).existed;
}

function written(type: string, { counters, status, body, errors }: Report): string {
  const facts = {
    ...counters,
    'Response Body': body,
    'Response Status': statusLine(status),
  };
  if (type === 'application/json') return JSON.stringify({ ...facts, Errors: errors });
  if (type !== 'text/plain') return xmlOf(facts, errors);
  const lines = Object.entries(facts).map(([name, value]) => `${name}: ${value}\n`);
  return `${lines.join('')}Errors:\n${errors.map(([name, line]) => `${name}, ${line}\n`).join('')}`;
}

function xmlOf(facts: Readonly<Record<string, string | number>>, errors: Report['errors']): string {
  const elements = Object.entries(facts).map(([name, value]) => {
    const element = name.replaceAll(' ', '_').toLowerCase();
    return `<${element}>${escaped(value)}</${element}>\n`;
  });
  const failed = errors.map(
    ([name, line]) => `<object><name>${escaped(name)}</name><status>${escaped(line)}</status></object>\n`,
  );
  return `<delete>\n${elements.join('')}<errors>\n${failed.join('')}</errors>\n</delete>\n`;
}

/** The body: spaces until the report is complete, which parsers of all three formats skip, then the report. */
function reportWhenDone(done: Promise<void>, report: () => string, type: string): Bytes {
  const first = type.endsWith('/xml') ? '<?xml version="1.0" encoding="UTF-8"?>\n' : '';
  let begun = false;
  let ended = false;
  const next = async (): Promise<Buffer | undefined> => {
    if (ended) return undefined;
    const late = Promise.withResolvers<'late'>();
    const timer = setTimeout(late.resolve, deleteLimits.yieldMs, 'late' as const);
    const outcome = await Promise.race([done, late.promise]);
    clearTimeout(timer);
    const head = begun ? '' : first;
    const gap = begun && outcome !== 'late' ? '\r\n\r\n' : '';
    begun = true;
    if (outcome === 'late') return Buffer.from(head || ' ');
    ended = true;
    return Buffer.from(head + gap + report());
  };
  return { read: next, close: async () => {} };
}
