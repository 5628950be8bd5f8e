/** Keeps a service's trust fresh: waits at identity's door for what it publishes next, and looks on every hint. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Claims } from '#shared/auth/token.ts';
import { type Identify, openTokenKeys, type TokenKeyDocument, type TokenKeys } from '#shared/auth/token-keys.ts';
import type { Bus } from '#shared/bus/bus.ts';
import { textOf } from '#shared/clients/http.ts';
import type { Session } from '#shared/clients/session.ts';
import { every } from '#shared/clock/every.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Log } from '#shared/log/log.ts';

/** Where the hint goes that a key or a revocation is new. */
export const tokenKeysChanged = 'identity.trust-changed';
const tokenKeysPath = '/wattle/trust';

/** A real Keystone publishes nothing: it is asked about each token. Wattle's own epochs begin at 1. */
const keystonesOwn: TokenKeyDocument = { epoch: 0, keys: [], revoked: [] };

interface WatchedTokenKeys extends TokenKeys {
  close(): Promise<void>;
}

/** Between two looks. Each stays open until there is news, or this long: less than anybody between us ends it after. */
const lookEveryMs = 1_000;
const waitSeconds = 15;
/** A controller that lost its power says nothing: then another is asked. */
const timeoutMs = (waitSeconds + 5) * 1000;
/** How long who asks in a service's first moments waits for its first look: less than he waits for an answer. */
const patienceMs = 3_000;

export function watchTokenKeys(parts: {
  readonly session: Session;
  readonly bus: Bus;
  readonly log: Log;
}): WatchedTokenKeys {
  const { session, bus, log } = parts;
  const tokenKeys = openTokenKeys((token) => askKeystone(session, token));
  const known = Promise.withResolvers<void>();
  const ending = new AbortController();
  let away = false;
  const look = async () => {
    const query = `epoch=${tokenKeys.epoch()}&since=${tokenKeys.since()}&wait=${away ? 0 : waitSeconds}`;
    const reply = await session.raw('identity', `${tokenKeysPath}?${query}`, { signal: ending.signal, timeoutMs });
    const text = await textOf(reply);
    if (reply.status === 200) tokenKeys.update(JSON.parse(text) as TokenKeyDocument);
    else if (reply.status === 404 && tokenKeys.epoch() <= keystonesOwn.epoch) tokenKeys.update(keystonesOwn);
    else if (reply.status !== 304) throw new Error(`identity answered ${reply.status}: ${text}`);
    known.resolve();
    if (away) log.info({}, 'identity is back');
    away = false;
  };
  const looking = every(lookEveryMs, look, (error) => {
    if (!away && !ending.signal.aborted)
      log.warn({ error }, 'identity is away, tokens are judged by what it said last');
    away = true;
  });
  const off = bus.onNotify(tokenKeysChanged, looking.wake);
  looking.wake();
  const close = async () => {
    off();
    ending.abort();
    await looking.close();
  };
  const identify: Identify = async (header, requestId) => {
    if (tokenKeys.epoch() < 0) await Promise.race([known.promise, sleep(patienceMs, undefined, { ref: false })]);
    return tokenKeys.identify(header, requestId);
  };
  return { ...tokenKeys, identify, close };
}

interface KeystoneToken {
  readonly user: { id: string; name: string; domain: { id: string } };
  readonly project?: { id: string; name: string; domain: { id: string } };
  readonly domain?: { id: string };
  readonly system?: object;
  readonly roles?: readonly { name: string }[];
  readonly methods: readonly string[];
  readonly audit_ids: readonly string[];
  readonly issued_at: string;
  readonly expires_at: string;
}

/** A token that is not ours: a real Keystone stands there, and knows. */
async function askKeystone(session: Session, token: string): Promise<Claims | undefined> {
  const reply = await session.raw('identity', '/auth/tokens', { headers: { 'x-subject-token': token } });
  const text = await textOf(reply);
  if (reply.status === 404) return undefined;
  // no verdict on the token: our own login has just ended, or identity is not well
  if (reply.status !== 200) throw new Fault(503, 'serviceUnavailable', `Identity answered ${reply.status}: try again.`);
  const { token: said } = JSON.parse(text) as { token: KeystoneToken };
  const { project } = said;
  return {
    sub: said.user.id,
    name: said.user.name,
    domain: said.user.domain.id,
    project: project ? { id: project.id, name: project.name, domain: project.domain.id } : null,
    domainScope: said.domain?.id ?? null,
    system: said.system !== undefined,
    roles: (said.roles ?? []).map(({ name }) => name),
    methods: said.methods,
    audit: said.audit_ids,
    iat: Date.parse(said.issued_at) / 1000,
    exp: Date.parse(said.expires_at) / 1000,
  };
}
