/** Keeps the token keys of a service up to date: long-polls identity, and polls at once on a notification. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Claims } from '#shared/auth/token.ts';
import { type Identify, openTokenKeys, type TokenKeyDocument, type TokenKeys } from '#shared/auth/token-keys.ts';
import type { Bus } from '#shared/bus/bus.ts';
import { textOf } from '#shared/clients/http.ts';
import type { Session } from '#shared/clients/session.ts';
import { every } from '#shared/clock/every.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Log } from '#shared/log/log.ts';

/** The bus address that identity notifies after a new key or revocation. */
export const tokenKeysChanged = 'identity.trust-changed';
const tokenKeysPath = '/wattle/token-keys';
/** Where an identity process of the release before has it. */
const earlierPath = '/wattle/trust';

/** A real Keystone has no such document, and each token is validated by a request to it. Epochs of Wattle begin at 1. */
const emptyDocument: TokenKeyDocument = { epoch: 0, keys: [], revoked: [] };

interface WatchedTokenKeys extends TokenKeys {
  close(): Promise<void>;
}

/** The pause between two polls. */
const pollEveryMs = 1_000;
/** How long identity may hold a poll until something changes: less than proxies allow. */
const waitSeconds = 15;
/** After this time without an answer the poll is repeated, perhaps at another controller. */
const timeoutMs = (waitSeconds + 5) * 1000;
/** How long a request waits for the first document after a start. */
const firstDocumentMs = 3_000;

export function watchTokenKeys(parts: {
  readonly session: Session;
  readonly bus: Bus;
  readonly log: Log;
}): WatchedTokenKeys {
  const { session, bus, log } = parts;
  const tokenKeys = openTokenKeys((token) => validateAtKeystone(session, token));
  const known = Promise.withResolvers<void>();
  const ending = new AbortController();
  let away = false;
  const poll = async () => {
    const query = `epoch=${tokenKeys.epoch()}&since=${tokenKeys.since()}&wait=${away ? 0 : waitSeconds}`;
    const ask = (path: string) => session.raw('identity', `${path}?${query}`, { signal: ending.signal, timeoutMs });
    let reply = await ask(tokenKeysPath);
    let text = await textOf(reply);
    if (reply.status === 404) {
      reply = await ask(earlierPath);
      text = await textOf(reply);
    }
    if (reply.status === 200) tokenKeys.update(JSON.parse(text) as TokenKeyDocument);
    else if (reply.status === 404 && tokenKeys.epoch() <= emptyDocument.epoch) tokenKeys.update(emptyDocument);
    else if (reply.status !== 304) throw new Error(`identity answered ${reply.status}: ${text}`);
    known.resolve();
    if (away) log.info({}, 'identity answers again');
    away = false;
  };
  const polling = every(pollEveryMs, poll, (error) => {
    if (!away && !ending.signal.aborted)
      log.warn({ error }, 'identity does not answer: tokens are validated with the last known keys and revocations');
    away = true;
  });
  const off = bus.onNotify(tokenKeysChanged, polling.wake);
  polling.wake();
  const close = async () => {
    off();
    ending.abort();
    await polling.close();
  };
  const identify: Identify = async (header, requestId) => {
    if (tokenKeys.epoch() < 0) await Promise.race([known.promise, sleep(firstDocumentMs, undefined, { ref: false })]);
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

/** Validates a token at a real Keystone. Throws 503 when it does not answer 200 or 404. */
async function validateAtKeystone(session: Session, token: string): Promise<Claims | undefined> {
  const reply = await session.raw('identity', '/auth/tokens', { headers: { 'x-subject-token': token } });
  const text = await textOf(reply);
  if (reply.status === 404) return undefined;
  // the service's own token has just expired, or identity has an error
  if (reply.status !== 200) throw new Fault(503, 'serviceUnavailable', `Identity answered ${reply.status}: try again.`);
  const { token: found } = JSON.parse(text) as { token: KeystoneToken };
  const { project } = found;
  return {
    sub: found.user.id,
    name: found.user.name,
    domain: found.user.domain.id,
    project: project ? { id: project.id, name: project.name, domain: project.domain.id } : null,
    domainScope: found.domain?.id ?? null,
    system: found.system !== undefined,
    roles: (found.roles ?? []).map(({ name }) => name),
    methods: found.methods,
    audit: found.audit_ids,
    iat: Date.parse(found.issued_at) / 1000,
    exp: Date.parse(found.expires_at) / 1000,
  };
}
