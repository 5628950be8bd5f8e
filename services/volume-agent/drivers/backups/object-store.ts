/** Backups in the object store, in the account of the volume service. */
import { buffer } from 'node:stream/consumers';
import type { Session } from '#shared/clients/session.ts';
import { Fault } from '#shared/errors/fault.ts';
import { type BackupTarget, partsOf } from './target.ts';

const pathOf = (container: string, name: string) => `/${partsOf(container, name).join('/')}`;

export function objectStoreTarget(session: Pick<Session, 'raw'>): BackupTarget {
  const ask = async (method: string, path: string, body?: Buffer) => {
    const reply = await session.raw('object-store', path, { method, ...(body ? { body } : {}), timeoutMs: 120_000 });
    return { status: reply.status, bytes: await buffer(reply.stream) };
  };
  const put = async (container: string, name: string, bytes: Buffer) => {
    const path = pathOf(container, name);
    const first = await ask('PUT', path, bytes);
    if (first.status !== 404) return requireDone(first.status, `PUT ${path}`);
    requireDone((await ask('PUT', `/${container}`)).status, `PUT /${container}`);
    requireDone((await ask('PUT', path, bytes)).status, `PUT ${path}`);
  };
  return {
    put,
    get: async (container, name) => {
      const path = pathOf(container, name);
      const { status, bytes } = await ask('GET', path);
      if (status === 404) return undefined;
      requireDone(status, `GET ${path}`);
      return bytes;
    },
    list: async (container, prefix) => {
      const names: string[] = [];
      for (;;) {
        const query = new URLSearchParams({ format: 'json', prefix, marker: names.at(-1) ?? '' });
        const { status, bytes } = await ask('GET', `/${container}?${query}`);
        if (status === 404) return names;
        requireDone(status, `GET /${container}`);
        const page = status === 204 ? [] : (JSON.parse(bytes.toString()) as { readonly name: string }[]);
        if (page.length === 0) return names;
        names.push(...page.map(({ name }) => name));
      }
    },
    remove: async (container, name) => {
      const path = pathOf(container, name);
      const { status } = await ask('DELETE', path);
      if (status !== 404) requireDone(status, `DELETE ${path}`);
    },
  };
}

/** A refusal is a Fault; what may be better soon is an Error, which is retried. */
function requireDone(status: number, what: string): void {
  if (status < 300) return;
  if (status >= 500 || status === 401 || status === 429)
    throw new Error(`the object store answered ${status} to ${what}`);
  throw new Fault(502, 'badGateway', 'The object store refuses the backup.', {
    details: `the object store answered ${status} to ${what}`,
  });
}
