/** The APIs without a client between: for stories that look often, and at moments that a client is too slow for. */
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

/** As the admin, in project admin. */
export const adminOf = ({ folder, address }: StoryCloud): Session =>
  openSession({
    identityUrl: `http://${address}:5000/v3`,
    user: 'admin',
    project: 'admin',
    region: 'RegionOne',
    password: async () => (await readFile(join(folder, 'var/secrets/admin'), 'utf8')).trim(),
  });

/** What a session gives, or undefined while the service is away. */
export const perhaps = <T>(asked: Promise<T>): Promise<T | undefined> => asked.catch(() => undefined);

export const showServer = async (session: Session, id: string): Promise<Server> =>
  (await session.json<{ server: Server }>('compute', `/servers/${id}`)).server;

export async function createServer(session: Session, server: Readonly<Record<string, unknown>>): Promise<string> {
  const flavors = await session.json<{ flavors: { id: string; name: string }[] }>('compute', '/flavors');
  const flavorRef = flavors.flavors.find(({ name }) => name === 'm1.tiny')?.id;
  assert.ok(flavorRef);
  const made = await session.json<{ server: { id: string } }>('compute', '/servers', {
    method: 'POST',
    body: { server: { flavorRef, ...server } },
  });
  return made.server.id;
}

export const act = (session: Session, id: string, action: Readonly<Record<string, unknown>>): Promise<void> =>
  session.json('compute', `/servers/${id}/action`, { method: 'POST', body: action });

export async function pageOf(url: string): Promise<{ status: number; text: string }> {
  const reply = await request(url);
  return { status: reply.status, text: await textOf(reply) };
}
