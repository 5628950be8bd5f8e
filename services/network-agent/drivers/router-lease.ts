/** Keeps the lease of the routers of this host (shared/contracts/router-lease.ts), and opens and closes their gate with it. */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bus } from '#shared/bus/bus.ts';
import { every } from '#shared/clock/every.ts';
import { keyedQueue } from '#shared/clock/keyed-queue.ts';
import { type RenewRouterLease, renewRouterLease, routersChanged } from '#shared/contracts/router-lease.ts';
import { writeWhole } from '#shared/files/whole.ts';
import type { Log } from '#shared/log/log.ts';

type Reply = RenewRouterLease['reply'];

export interface RouterGateway {
  /** The kernel forgets the key after `ms`. A key is armed once. */
  arm(key: number, ms: number): Promise<void>;
  /** These routers may send while the key is armed; the key `lasting` always is. Others may not. */
  open(routerIds: ReadonlySet<string>, key: number): Promise<void>;
}

export interface RouterLeaseOptions {
  readonly bus: Bus;
  readonly host: string;
  readonly stateDir: string;
  readonly log: Log;
  readonly gateway: RouterGateway;
  readonly lastingKey: number;
  readonly firstKey: number;
}

export interface RouterLease {
  /** A router was built or changed: opens it if it is granted, else requests the lease anew. */
  routerBuilt(id: string): Promise<void>;
  wake(): void;
  close(): Promise<void>;
}

const renewMs = 1_250;
/** While no other host can take the routers. */
const lastingRenewMs = 10_000;
const retryMs = 250;
const lastingRetryMs = 2_000;
const callMs = 1_500;
/** For the first request, when the length of the lease is not known. */
const firstLeaseMs = 2_000;
/** While another host has not given a router up. */
const pendingMs = 200;

/** What is on disk: the last boot, and the routers that may run without a lease because no other host can take them. */
interface Stored {
  readonly boot: number;
  readonly lasting: readonly string[] | null;
}

/** What the kernel has. */
interface Applied {
  readonly seq: number;
  readonly key: number;
  readonly routers: ReadonlySet<string>;
}

export async function openRouterLease(options: RouterLeaseOptions): Promise<RouterLease> {
  const { bus, host, stateDir, log, gateway, lastingKey, firstKey } = options;
  const file = join(stateDir, 'router-lease.json');
  const store = (stored: Stored) => writeWhole(file, JSON.stringify(stored));
  const before = readStored(file);
  const boot = Math.max(Date.now(), before.boot + 1);
  let stored: Stored = { boot, lasting: before.lasting };
  await store(stored);
  const unconfirmed = new Set(before.lasting ?? []);
  await gateway.open(unconfirmed, lastingKey);

  /** Answers and built routers are applied one after the other, so that none brings an earlier grant back. */
  const inOrder = keyedQueue();
  let applied: Applied | null = null;
  let leaseMs = firstLeaseMs;
  let isTimed = stored.lasting === null;
  let isHeld = true;
  let seq = 0;
  let key = randomInt(firstKey, 2 ** 31);
  let soon: NodeJS.Timeout | undefined;

  /** Lasting routers are stored before they run, and removed from the file before the service is told that none last. */
  const apply = async (reply: Reply, answered: number, withKey: number) => {
    const routers = new Set(reply.routers);
    const lasting = reply.leaseMs === null ? [...routers] : null;
    if (lasting !== null && !sameAs(lasting, stored.lasting)) await save({ boot, lasting });
    await gateway.open(routers, lasting === null ? withKey : lastingKey);
    if (lasting === null && stored.lasting !== null) await save({ boot, lasting });
    const changed = applied === null || !sameAs([...routers], [...applied.routers]);
    applied = { seq: answered, key: lasting === null ? withKey : lastingKey, routers };
    return changed;
  };
  const save = async (next: Stored) => {
    stored = next;
    await store(next);
  };
  const wakeIn = (ms: number) => {
    clearTimeout(soon);
    soon = setTimeout(() => ticker.wake(), ms).unref();
  };
  const renew = async () => {
    clearTimeout(soon);
    seq += 1;
    key = key + 1 < 2 ** 31 ? key + 1 : firstKey;
    const [ownSeq, ownKey, isArmed] = [seq, key, isTimed];
    if (isArmed) await gateway.arm(ownKey, leaseMs); // before the request is sent
    const request: RenewRouterLease['request'] = {
      ...{ host, boot, seq: ownSeq, armedMs: leaseMs },
      applied: applied && { seq: applied.seq, lasting: stored.lasting !== null },
    };
    const reply = await bus.call<Reply>(renewRouterLease, request, { timeoutMs: callMs });
    leaseMs = reply.leaseMs ?? leaseMs;
    isTimed = reply.leaseMs !== null;
    if (isTimed && !isArmed) return wakeIn(0);
    const changed = await inOrder('', () => apply(reply, ownSeq, ownKey));
    if (!isHeld) log.warn({ host, routers: reply.routers.length }, 'the lease of the routers of this host is renewed');
    isHeld = true;
    // The service is told at once what this host has given up, and asked at once for what another one has.
    if (changed) wakeIn(0);
    else if (reply.pending > 0) wakeIn(pendingMs);
    else if (isTimed) wakeIn(renewMs);
  };
  const onError = (error: unknown) => {
    if (isHeld)
      log.warn({ host, isTimed, error }, 'the lease of the routers of this host is not renewed; trying again');
    isHeld = false;
    if (isTimed) wakeIn(retryMs);
  };
  const ticker = every(lastingRenewMs, renew, onError, lastingRetryMs);
  const off = bus.onNotify(routersChanged(host), ticker.wake);
  ticker.wake();

  const routerBuilt = (id: string) =>
    inOrder('', async () => {
      const [routers, withKey] = applied ? [applied.routers, applied.key] : [unconfirmed, lastingKey];
      if (routers.has(id)) await gateway.open(routers, withKey);
      else ticker.wake();
    });
  const close = () => {
    off();
    clearTimeout(soon);
    return ticker.close();
  };
  return { routerBuilt, wake: ticker.wake, close };
}

const sameAs = (one: readonly string[], other: readonly string[] | null): boolean =>
  other !== null && one.length === other.length && one.every((each) => other.includes(each));

function readStored(file: string): Stored {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Stored;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { boot: 0, lasting: null };
  }
}
