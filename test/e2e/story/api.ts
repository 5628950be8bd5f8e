/** Direct API calls, for tests that poll often or at points in time for which the stock client is too slow. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request, textOf } from '#shared/clients/http.ts';
import { openSession, type Session } from '#shared/clients/session.ts';
import type { StoryCloud } from './cloud.ts';

export interface Server {
  readonly id: string;
  readonly status: string;
  readonly fault?: { readonly message: string };
  readonly 'OS-EXT-STS:task_state': string | null;
}

/** A session of user admin in project admin. */
export const adminOf = ({ folder, address }: StoryCloud): Session =>
  openSession({
    identityUrl: `http://${address}:5000/v3`,
    user: 'admin',
    project: 'admin',
    region: 'RegionOne',
    password: async () => (await readFile(join(folder, 'var/secrets/admin'), 'utf8')).trim(),
  });

/** Resolves with undefined when the call fails, for polling while a service is down. */
export const orUndefined = <T>(call: Promise<T>): Promise<T | undefined> => call.catch(() => undefined);

export const showServer = async (session: Session, id: string): Promise<Server> =>
  (await session.json<{ server: Server }>('compute', `/servers/${id}`)).server;

export async function createServer(session: Session, server: Readonly<Record<string, unknown>>): Promise<string> {
  const flavors = await session.json<{ flavors: { id: string; name: string }[] }>('compute', '/flavors');
  const flavorRef = flavors.flavors.find(({ name }) => name === 'm1.tiny')?.id;
  assert.ok(flavorRef);
  const created = await session.json<{ server: { id: string } }>('compute', '/servers', {
    method: 'POST',
    body: { server: { flavorRef, ...server } },
  });
  return created.server.id;
}

export const postAction = (session: Session, id: string, action: Readonly<Record<string, unknown>>): Promise<void> =>
  session.json('compute', `/servers/${id}/action`, { method: 'POST', body: action });

export async function fetchPage(url: string): Promise<{ status: number; text: string }> {
  const reply = await request(url);
  return { status: reply.status, text: await textOf(reply) };
}
