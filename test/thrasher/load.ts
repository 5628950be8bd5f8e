/** Clients that use a cloud at random, and remember what it acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises';
import { textOf } from '#shared/clients/http.ts';
import type { Session } from '#shared/clients/session.ts';
import { Ledger } from './ledger.ts';
import type { Random } from './random.ts';

/** Values of the ledger. */
export const gone = 'gone';
export const here = 'here';

export interface Records {
  /** Name of an object to its text. */
  readonly objects: Ledger<string>;
  /** Id of a server or volume to `here` or `gone`. */
  readonly servers: Ledger<string>;
  readonly volumes: Ledger<string>;
  /** Requests for a server or volume that were not answered: each may have made one that no client knows. */
  readonly unanswered: { servers: number; volumes: number };
  /** What broke a promise while it ran. */
  readonly violations: string[];
  /** Requests that were acknowledged, and that failed. */
  readonly counts: { done: number; failed: number };
  /** Each request that failed: its name, and why. */
  readonly failures: string[];
}

export const openRecords = (): Records => ({
  ...{ objects: new Ledger(), servers: new Ledger(), volumes: new Ledger() },
  unanswered: { servers: 0, volumes: 0 },
  ...{ violations: [], counts: { done: 0, failed: 0 }, failures: [] },
});

export interface ServerInput {
  readonly imageRef: string;
  readonly flavorRef: string;
  readonly networks: readonly object[];
}

export interface Client {
  readonly name: string;
  readonly session: Session;
  readonly random: Random;
  readonly records: Records;
  readonly server: ServerInput;
  /** Ids of what this client made and did not delete. */
  readonly made: { readonly servers: string[]; readonly volumes: string[] };
}

/** Resolves when `signal` aborts and the last request was answered. */
export async function useCloud(client: Client, signal: AbortSignal): Promise<void> {
  const { random, records } = client;
  const steps = [
    createServer,
    createVolume,
    attach,
    detach,
    power,
    removeServer,
    removeVolume,
    put,
    put,
    get,
    removeObject,
  ];
  while (!signal.aborted) {
    const step = random.pick(steps) ?? put;
    const failure = await step(client).catch(failureOf);
    if (failure) records.failures.push(`${step.name}: ${failure}`);
    records.counts[failure ? 'failed' : 'done'] += 1;
    await sleep(20 + random.below(80));
  }
}

/** Resolves with why the request failed; with undefined when it was acknowledged, or refused because of a state. */
type Step = (client: Client) => Promise<string | undefined>;

const failureOf = (error: Error & { status?: number; code?: string }): string =>
  `${error.status ?? error.code ?? ''} ${error.message}`.trim();
const most = 4;

/** Undefined when a quota has no room. */
function ifRefused(error: Error & { status?: number }): undefined {
  if (error.status !== 403 && error.status !== 413) throw error;
}

const createServer: Step = async ({ session, server, records, made, name }) => {
  if (made.servers.length >= most) return undefined;
  const body = { server: { name, ...server } };
  records.unanswered.servers += 1;
  const created = await session
    .json<{ server: { id: string } }>('compute', '/servers', { method: 'POST', body })
    .catch(ifRefused);
  records.unanswered.servers -= 1;
  if (!created) return undefined;
  made.servers.push(created.server.id);
  records.servers.acknowledge(created.server.id, here);
  return undefined;
};

const createVolume: Step = async ({ session, records, made, name }) => {
  if (made.volumes.length >= most) return undefined;
  const body = { volume: { name, size: 1 } };
  records.unanswered.volumes += 1;
  const created = await session
    .json<{ volume: { id: string } }>('volumev3', '/volumes', { method: 'POST', body })
    .catch(ifRefused);
  records.unanswered.volumes -= 1;
  if (!created) return undefined;
  made.volumes.push(created.volume.id);
  records.volumes.acknowledge(created.volume.id, here);
  return undefined;
};

const attach: Step = async ({ session, random, made }) => {
  const [server, volumeId] = [random.pick(made.servers), random.pick(made.volumes)];
  if (!server || !volumeId) return undefined;
  const body = { volumeAttachment: { volumeId } };
  return isDone(session.json('compute', `/servers/${server}/os-volume_attachments`, { method: 'POST', body }));
};

const detach: Step = async ({ session, random, made }) => {
  const [server, volumeId] = [random.pick(made.servers), random.pick(made.volumes)];
  if (!server || !volumeId) return undefined;
  return isDone(session.json('compute', `/servers/${server}/os-volume_attachments/${volumeId}`, { method: 'DELETE' }));
};

const power: Step = async ({ session, random, made }) => {
  const server = random.pick(made.servers);
  if (!server) return undefined;
  const body = random.pick([{ 'os-stop': null }, { 'os-start': null }, { reboot: { type: 'HARD' } }]);
  return isDone(session.json('compute', `/servers/${server}/action`, { method: 'POST', body }));
};

const removeServer: Step = async ({ session, random, records, made }) => {
  const id = random.pick(made.servers);
  if (!id) return undefined;
  records.servers.mayBe(id, gone);
  await session.json('compute', `/servers/${id}`, { method: 'DELETE' });
  records.servers.acknowledge(id, gone);
  made.servers.splice(made.servers.indexOf(id), 1);
  return undefined;
};

const removeVolume: Step = async ({ session, random, records, made }) => {
  const id = random.pick(made.volumes);
  if (!id) return undefined;
  records.volumes.mayBe(id, gone);
  try {
    await session.json('volumev3', `/volumes/${id}`, { method: 'DELETE' });
  } catch (error) {
    if ((error as { status?: number }).status !== 400) throw error;
    records.volumes.acknowledge(id, here); // it is in use
    return undefined;
  }
  records.volumes.acknowledge(id, gone);
  made.volumes.splice(made.volumes.indexOf(id), 1);
  return undefined;
};

const objectOf = ({ name, random }: Client) => `/thrash/${name}-${random.below(6)}`;

const put: Step = async (client) => {
  const [path, text] = [objectOf(client), `${client.random.below(2 ** 31)}`];
  client.records.objects.mayBe(path, text);
  const reply = await client.session.raw('object-store', path, { method: 'PUT', body: Buffer.from(text) });
  await textOf(reply);
  if (reply.status === 201) client.records.objects.acknowledge(path, text);
  return reply.status === 201 ? undefined : String(reply.status);
};

const removeObject: Step = async (client) => {
  const path = objectOf(client);
  client.records.objects.mayBe(path, gone);
  const reply = await client.session.raw('object-store', path, { method: 'DELETE' });
  await textOf(reply);
  if (reply.status === 204) client.records.objects.acknowledge(path, gone);
  return reply.status === 204 || reply.status === 404 ? undefined : String(reply.status);
};

const get: Step = async (client) => {
  const path = objectOf(client);
  const text = await readObject(client.session, path);
  if (text !== undefined && !client.records.objects.allows(path, text, gone))
    client.records.violations.push(
      `${path} was read as ${text}, not as ${client.records.objects.expected(path, gone)}`,
    );
  return text === undefined ? 'unreadable' : undefined;
};

/** `gone` for a 404, undefined when the store cannot tell. */
export async function readObject(session: Session, path: string): Promise<string | undefined> {
  const reply = await session.raw('object-store', path);
  const text = await textOf(reply);
  if (reply.status === 404) return gone;
  return reply.status === 200 ? text : undefined;
}

/** A refusal because of the state is an answer too. */
const isDone = (request: Promise<unknown>): Promise<string | undefined> =>
  request.then(
    () => undefined,
    (error: Error & { status?: number }) =>
      [400, 404, 409].includes(error.status ?? 0) ? undefined : failureOf(error),
  );
