/** Writes to as many devices as there should be replicas. More than half of them make it true. */
import type { AgentAnswer, Headers, Kind } from '#shared/contracts/object-agent.ts';
import type { Fault } from '#shared/errors/fault.ts';
import { type Device, nodesOf, placeOf, quorumOf } from '#shared/ring/ring.ts';
import type { ObjectStore } from '../context.ts';
import { refuse, unavailable } from '../requests/refusals.ts';

interface Writing {
  readonly kind: Kind;
  readonly method: 'PUT' | 'POST' | 'DELETE';
  readonly path: readonly string[];
  readonly headers: Headers;
  /** The header that shares out the replicas of what is above: of the container, of the account. */
  readonly share?: 'x-container-replicas' | 'x-account-replicas';
}

/** The devices in the order in which they are tried: each slot takes the next that nobody has. */
export function* devicesFor({ ring }: ObjectStore, path: readonly string[]): Generator<Device> {
  const { primaries, handoffs } = nodesOf(ring, placeOf(ring, ...path).partition);
  yield* primaries;
  yield* handoffs;
}

/** Which replicas of the one above the slot tells: all are told by somebody, however many slots there are. */
export const shareOf = (replicas: number, slot: number, slots: number): string =>
  [...Array(replicas).keys()].filter((number) => number % slots === slot).join(',');

interface Written {
  readonly device: Device;
  readonly answer: AgentAnswer;
}

/** The answers of all that could be reached, or 503 when they are too few. */
export async function write(store: ObjectStore, writing: Writing): Promise<AgentAnswer[]> {
  const { ring, settings } = store;
  const rest = devicesFor(store, writing.path);
  const slots = Math.min(ring.replicas, ring.devices.length);
  const first = [...Array(slots).keys()].map(() => rest.next().value as Device);
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
    store.log.warn({ device: device.key, method, path, status: answer?.status }, 'a device did not take a write');
  }
  return undefined;
}

const ask = ({ ring, reach }: ObjectStore, { kind, method, path, headers }: Writing, device: Device) =>
  reach
    .agentOf(device)
    .ask({ kind, method, device: device.name, partition: placeOf(ring, ...path).partition, path, headers })
    .catch(() => undefined);

/** Nobody took the place of this slot: one of the others, asked once more, tells those that it would have told. */
async function notifyViaPeer(
  store: ObjectStore,
  writing: Writing,
  written: readonly Promise<Written | undefined>[],
): Promise<void> {
  const helper = (await Promise.all(written)).find((done) => done !== undefined);
  if (helper) await ask(store, writing, helper.device);
}

/** Waits for all, but no longer than this once there are enough. */
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

/** A refusal in the words of an agent that gave it. */
export function refusedAs(status: number, answers: readonly AgentAnswer[]): Fault {
  const problem = answers.find((answer) => answer.status === status)?.headers['x-backend-problem'];
  return refuse(status, problem);
}

/** What the client hears: the kind of answer that a quorum gave, and of that the highest. */
export function verdictOf(store: ObjectStore, answers: readonly AgentAnswer[]): number {
  const quorum = quorumOf(store.ring.replicas);
  for (const hundred of [200, 400]) {
    const alike = answers.map(({ status }) => status).filter((status) => status >= hundred && status < hundred + 100);
    if (alike.length >= quorum) return Math.max(...alike);
  }
  throw unavailable();
}
