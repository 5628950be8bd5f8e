/** Writes to one device per replica; more than half of them decide the answer. */
import type { AgentAnswer, Headers, Kind } from '#shared/contracts/object-agent.ts';
import { askDevice } from '#shared/ring/reach.ts';
import { type Device, nodesOf, placeOf, quorumOf } from '#shared/ring/ring.ts';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import type { ObjectStore } from '../context.ts';
import { refuse, unavailable } from '../requests/refusals.ts';
import { levelOf, type ObjectPath, partsOf } from '../requests/request.ts';

interface Writing {
  readonly kind: Kind;
  readonly method: 'PUT' | 'POST' | 'DELETE';
  readonly path: readonly string[];
  readonly headers: Headers;
  /** The header that assigns the replicas of the parent (container or account) to the devices. */
  readonly share?: 'x-container-replicas' | 'x-account-replicas';
}

/** A device for each slot, and the others in order, for slots whose device fails. */
export function devicesFor({ ring }: ObjectStore, path: readonly string[]) {
  const { primaries, handoffs } = nodesOf(ring, placeOf(ring, ...path).partition);
  const all = [...primaries, ...handoffs];
  const slots = Math.min(ring.replicas, ring.devices.length);
  return { first: all.slice(0, slots), rest: all.slice(slots).values() };
}

/** The replicas of the parent to which a slot reports: together the slots cover all of them. */
export const shareOf = (replicas: number, slot: number, slots: number): string =>
  [...Array(replicas).keys()].filter((number) => number % slots === slot).join(',');

interface Written {
  readonly device: Device;
  readonly answer: AgentAnswer;
}

const shares = { account: undefined, container: 'x-account-replicas', object: 'x-container-replicas' } as const;

/** Writes with a new timestamp. Returns the answers of the reachable devices. Throws 503 when they are too few. */
export function change(
  store: ObjectStore,
  target: ObjectPath,
  method: Writing['method'],
  about: Headers = {},
): Promise<AgentAnswer[]> {
  const kind = levelOf(target);
  const { [kind]: share } = shares;
  const headers = { ...about, 'x-timestamp': newTimestamp() };
  return write(store, { kind, method, path: partsOf(target), headers, ...(share && { share }) });
}

/** The same; returns the status, and throws what a quorum of the replicas refuses. */
export async function changeOrRefuse(
  store: ObjectStore,
  target: ObjectPath,
  method: Writing['method'],
  about: Headers = {},
): Promise<number> {
  const answers = await change(store, target, method, about);
  const status = verdictOf(store, answers);
  if (status < 400) return status;
  throw refuse(status, answers.find((answer) => answer.status === status)?.headers['x-backend-problem']);
}

/** Returns the answers of the reachable devices. Throws 503 when they are too few. */
export async function write(store: ObjectStore, writing: Writing): Promise<AgentAnswer[]> {
  const { ring, settings } = store;
  const { first, rest } = devicesFor(store, writing.path);
  const slots = first.length;
  const written = first.map((device, slot) => writeSlot(store, shared(store, writing, slot, slots), device, rest));
  const asked = written.map(async (one, slot) => {
    const done = await one;
    if (!done && writing.share) await notifyViaPeer(store, shared(store, writing, slot, slots), written);
    return done?.answer;
  });
  const answers = await quorumFirst(asked, quorumOf(ring.replicas), settings.patienceMs);
  if (answers.length < quorumOf(ring.replicas)) throw unavailable();
  return answers;
}

const shared = ({ ring }: ObjectStore, writing: Writing, slot: number, slots: number): Writing =>
  writing.share
    ? { ...writing, headers: { ...writing.headers, [writing.share]: shareOf(ring.replicas, slot, slots) } }
    : writing;

async function writeSlot(
  store: ObjectStore,
  writing: Writing,
  first: Device,
  rest: Iterator<Device>,
): Promise<Written | undefined> {
  for (let device: Device | undefined = first; device; device = rest.next().value) {
    const answer = await ask(store, writing, device);
    if (answer && answer.status < 500) return { device, answer };
    const { method, path } = writing;
    store.log.warn({ device: device.key, method, path, status: answer?.status }, 'a device did not accept a write');
  }
  return undefined;
}

const ask = ({ ring, reach }: ObjectStore, { kind, method, path, headers }: Writing, device: Device) =>
  askDevice(reach, device, { kind, method, partition: placeOf(ring, ...path).partition, path, headers });

/** No device was found for this slot: another one repeats the write with the reports of this slot. */
async function notifyViaPeer(
  store: ObjectStore,
  writing: Writing,
  written: readonly Promise<Written | undefined>[],
): Promise<void> {
  const helper = (await Promise.all(written)).find((done) => done !== undefined);
  if (helper) await ask(store, writing, helper.device);
}

/** Waits for all, but only for this time once there is a quorum. */
export async function quorumFirst<T>(
  asked: readonly Promise<T | undefined>[],
  quorum: number,
  patienceMs: number,
): Promise<T[]> {
  const come: T[] = [];
  const enough = Promise.withResolvers<void>();
  const all = Promise.all(
    asked.map(async (one) => {
      const answer = await one;
      if (answer !== undefined) come.push(answer);
      if (come.length >= quorum) enough.resolve();
    }),
  );
  await Promise.race([all, enough.promise]);
  const patience = Promise.withResolvers<void>();
  const timer = setTimeout(patience.resolve, patienceMs);
  await Promise.race([all, patience.promise]);
  clearTimeout(timer);
  return [...come];
}

/** The status for the client: the highest of the class of status that a quorum answered. */
export function verdictOf(store: ObjectStore, answers: readonly AgentAnswer[]): number {
  const quorum = quorumOf(store.ring.replicas);
  for (const hundred of [200, 400]) {
    const alike = answers.map(({ status }) => status).filter((status) => status >= hundred && status < hundred + 100);
    if (alike.length >= quorum) return Math.max(...alike);
  }
  throw unavailable();
}
