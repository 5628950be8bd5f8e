/** Lists are joined from cached JSON fragments; a fragment is valid for one version of its server's row. */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { Version } from '#shared/api/versions.ts';
import { Lru } from '#shared/clock/lru.ts';
import { attachmentTable } from '../attachments/store.ts';
import { listServersOf } from '../servers/store.ts';
import { detailView, versionClass } from '../servers/view.ts';
import type { Listed } from './store.ts';

interface ViewContext {
  readonly admin: boolean;
  readonly base: string;
  readonly version: Version;
  hostStatus(host: string | null): string;
}

/** A fragment has about 1.5 KB. */
const rendered = new Lru<Buffer>(6_000);
const atOnce = 100;

/** One JSON fragment per server, in the given order. */
export async function fragmentsOf(db: Knex, listed: readonly Listed[], viewer: ViewContext): Promise<Buffer[]> {
  const viewContext = `${versionClass(viewer.version)}/${viewer.admin}/${viewer.base}`;
  const keyOf = ({ id, version, host }: Listed) =>
    `${id}/${version}/${viewContext}/${viewer.admin ? viewer.hostStatus(host) : ''}`;
  const pieces = listed.map((each) => rendered.get(keyOf(each)));
  const missing = listed.filter((_each, at) => pieces[at] === undefined);
  if (missing.length === 0) return pieces as Buffer[];
  const fresh = await render(db, missing, viewer);
  for (const each of missing) {
    const piece = fresh.get(each.id);
    if (piece?.version === each.version) rendered.set(keyOf(each), piece.text);
  }
  return listed.flatMap(({ id }, at) => pieces[at] ?? fresh.get(id)?.text ?? []);
}

/** Yields to the event loop between batches: rendering a thousand servers would delay other requests. */
async function render(db: Knex, missing: readonly Listed[], viewer: ViewContext) {
  const ids = missing.map(({ id }) => id);
  const [servers, volumes] = [await listServersOf(db, ids), await attachmentTable.ofServers(db, ids)];
  const rendered = new Map<string, { version: number; text: Buffer }>();
  for (const [at, server] of servers.entries()) {
    if (at % atOnce === atOnce - 1) await yieldToEventLoop();
    const { admin, base, version } = viewer;
    const seen = {
      server,
      volumes: volumes.get(server.id) ?? [],
      admin,
      base,
      hostStatus: viewer.hostStatus(server.host),
    };
    const groups = server.groups.length > 0 ? {} : { security_groups: [] };
    const text = Buffer.from(JSON.stringify({ ...groups, ...dropUndefinedGroups(detailView(seen, version)) }));
    rendered.set(server.id, { version: server.version, text });
  }
  return rendered;
}

/** Removes an undefined key, which would overwrite the one that is spread before it. */
const dropUndefinedGroups = (view: Record<string, unknown>) => {
  if (view.security_groups === undefined) delete view.security_groups;
  return view;
};

const comma = Buffer.from(',');

/** Joins fragments to `{"servers":[…]}`. */
export function joined(pieces: readonly Buffer[], more: Readonly<Record<string, unknown>>): Buffer {
  const between = pieces.flatMap((piece, at) => (at === 0 ? [piece] : [comma, piece]));
  const rest = JSON.stringify(more).slice(1, -1);
  return Buffer.concat([Buffer.from('{"servers":['), ...between, Buffer.from(rest === '' ? ']}' : `],${rest}}`)]);
}
