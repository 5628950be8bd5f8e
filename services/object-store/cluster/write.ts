/** Writes to one device per replica; more than half of them decide the answer. */
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
  /** The header that assigns the replicas of the parent (container or account) to the devices. */
  readonly share?: 'x-container-replicas' | 'x-account-replicas';
}

/** The devices in order: each slot uses the next that no other slot uses. */
export function* devicesFor({ ring }: ObjectStore, path: readonly string[]): Generator<Device> {
  const { primaries, handoffs } = nodesOf(ring, placeOf(ring, ...path).partition);
  yield* primaries;
  yield* handoffs;
}

/** The replicas of the parent to which a slot reports: together the slots cover all of them. */
export const shareOf = (replicas: number, slot: number, slots: number): string =>
  [...Array(replicas).keys()].filter((number) => number % slots === slot).join(',');

interface Written {
  readonly device: Device;
  readonly answer: AgentAnswer;
}

/** Returns the answers of the reachable devices. Throws 503 when they are too few. */
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
    store.log.warn({ device: device.key, method, path, status: answer?.status }, 'a device did not accept a write');
  }
  return undefined;
}

const ask = ({ ring, reach }: ObjectStore, { kind, method, path, headers }: Writing, device: Device) =>
  reach
    .agentOf(device)
    .ask({ kind, method, device: device.name, partition: placeOf(ring, ...path).partition, path, headers })
    .catch(() => undefined);

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

/** A refusal with the message of an agent. */
export function refusedAs(status: number, answers: readonly AgentAnswer[]): Fault {
  const problem = answers.find((answer) => answer.status === status)?.headers['x-backend-problem'];
  return refuse(status, problem);
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
