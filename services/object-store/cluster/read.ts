/** Reads from any replica: the primaries in any order, then the handoffs. */
import { within } from '#shared/clock/within.ts';
import type { AgentAnswer, AgentCall, Headers, Kind } from '#shared/contracts/object-agent.ts';
import { type Bytes, bytesIn } from '#shared/http/bytes.ts';
import { type Device, nodesOf, placeOf, quorumOf } from '#shared/ring/ring.ts';
import type { ObjectStore } from '../context.ts';
import { missing, unavailable } from '../requests/refusals.ts';

export interface Reading {
  readonly kind: Kind;
  readonly method: 'GET' | 'HEAD';
  readonly path: readonly string[];
  readonly headers?: Headers;
  readonly query?: Headers;
  /** Asks all primaries and takes the newest. */
  readonly newest?: boolean;
}

/**
 * Throws 404 when it is not there: so many of its owners say so that the others alone cannot have taken a write. Throws
 * 503 when that is not known: one who remembers a removal may have slept through what came after it.
 */
export async function read(store: ObjectStore, reading: Reading): Promise<AgentAnswer> {
  const { ring } = store;
  const { partition } = placeOf(ring, ...reading.path);
  const { primaries, handoffs } = nodesOf(ring, partition);
  const owners = reading.newest ? await byAge(store, reading, partition, primaries) : shuffled(primaries);
  const enough = Math.min(ring.replicas - quorumOf(ring.replicas) + 1, primaries.length);
  let gone = '';
  let missed = 0;
  const judge = async (device: Device, answer: AgentAnswer | undefined): Promise<AgentAnswer | undefined> => {
    const timestamp = answer?.headers['x-backend-timestamp'] ?? '';
    if (answer?.status === 404) {
      if (primaries.includes(device)) missed += 1;
      gone = timestamp > gone ? timestamp : gone;
    }
    if (!answer || answer.status >= 300) return undefined;
    if (isNewer(answer, gone)) return answer;
    await closeBody(answer);
    return undefined;
  };
  const late: Late[] = [];
  for (const device of [...owners, ...handoffs]) {
    const asked = ask(store, reading, partition, device);
    const result = await within(store.settings.patienceMs, asked, silent);
    const found = result === silent ? void late.push({ device, asked }) : await judge(device, result);
    if (found) return withoutLate(found, late);
  }
  for (let next = late.shift(); next; next = late.shift()) {
    const found = await judge(next.device, await next.asked);
    if (found) return withoutLate(found, late);
  }
  throw missed >= enough ? missing() : unavailable();
}

/** A slow replica is used last, when no other has it. */
interface Late {
  readonly device: Device;
  readonly asked: Promise<AgentAnswer | undefined>;
}

const silent = Symbol('silent');

/** Closes the answers that are not used. */
function withoutLate(found: AgentAnswer, late: readonly Late[]): AgentAnswer {
  for (const { asked } of late) void asked.then((answer) => answer && closeBody(answer)).catch(() => {});
  return found;
}

/** A replica that missed the deletion must not bring the object back. */
const isNewer = ({ headers }: AgentAnswer, gone: string): boolean =>
  (headers['x-put-timestamp'] ?? headers['x-timestamp'] ?? '') > gone;

export async function ask(
  { reach, log }: ObjectStore,
  { kind, method, path, headers = {}, query }: Reading,
  partition: number,
  device: Device,
): Promise<AgentAnswer | undefined> {
  const call: AgentCall = { kind, method, device: device.name, partition, path, headers, ...(query ? { query } : {}) };
  try {
    return await reach.agentOf(device).ask(call);
  } catch (error) {
    log.warn({ device: device.key, error }, 'a replica cannot be read');
    return undefined;
  }
}

async function byAge(
  store: ObjectStore,
  reading: Reading,
  partition: number,
  devices: readonly Device[],
): Promise<Device[]> {
  const heads = await Promise.all(
    devices.map(async (device) => {
      const answer = await ask(store, { ...reading, method: 'HEAD' }, partition, device);
      return { device, timestamp: answer?.headers['x-timestamp'] ?? answer?.headers['x-backend-timestamp'] ?? '' };
    }),
  );
  return heads.toSorted((a, b) => (a.timestamp < b.timestamp ? 1 : -1)).map(({ device }) => device);
}

function shuffled<T>(things: readonly T[]): T[] {
  const start = Math.floor(Math.random() * things.length);
  return [...things.slice(start), ...things.slice(0, start)];
}

async function closeBody({ body }: AgentAnswer): Promise<void> {
  if (body && 'read' in body) await body.close();
}

/** The bytes of an answer; when its replica fails in the middle, another continues from that byte. */
export function bytesOf(
  store: ObjectStore,
  reading: Reading,
  answer: AgentAnswer,
  range: { from: number; to: number },
): Bytes {
  const version = answer.headers['x-backend-data-timestamp'];
  let current = asBytes(answer);
  let at = range.from;
  let tries = 0;
  const goOn = async (error: unknown): Promise<Bytes> => {
    if (tries++ >= store.ring.replicas) throw error;
    store.log.warn({ path: reading.path, at, error }, 'a replica failed in the middle of an object, another continues');
    const next = await read(store, { ...reading, headers: { 'x-backend-range': `${at}-${range.to}` } });
    if (next.headers['x-backend-data-timestamp'] !== version) throw error; // the object was replaced meanwhile
    return asBytes(next);
  };
  const readNext = async (): Promise<Buffer | undefined> => {
    try {
      const chunk = await current.read();
      at += chunk?.length ?? 0;
      return chunk;
    } catch (error) {
      current = await goOn(error);
      return readNext();
    }
  };
  return { read: readNext, close: () => current.close() };
}

const asBytes = ({ body }: AgentAnswer): Bytes => (body && 'read' in body ? body : bytesIn(body));
