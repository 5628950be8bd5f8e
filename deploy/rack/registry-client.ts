/** Requests to the registry. A host that joins first verifies that the server has the authority that its token names. */
import { request } from 'node:https';
import { isIP } from 'node:net';
import { Refusal } from '../command.ts';
import { fingerprintOf } from './certificates.ts';
import type {
  CheckInAnswer,
  CheckInRequest,
  CloudAnswer,
  JoinAnswer,
  JoinRequest,
  RenewAnswer,
  RenewRequest,
} from './registry/protocol.ts';

/** A join waits for the broker's own tools, which are slow; for all else another registry can be asked. */
const [joinMs, usualMs] = [60_000, 8_000];
/** Certificates and tokens have times in them. */
const maxSkewMs = 60_000;

interface Trust {
  /** PEM of the authority that the server's certificate must be signed by; absent: none is required. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

interface Answer {
  readonly status: number;
  readonly date: number;
  readonly body: unknown;
}

/** The registry cannot be reached, or failed: it makes sense to try again. */
export class RegistryAway extends Refusal {}

/** Returns the authority's certificate. Throws Refusal when it is not the one of the token, or the clocks differ. */
export async function verifyRegistry(
  registry: string,
  fingerprint: string,
  now: () => number = Date.now,
): Promise<CloudAnswer> {
  const { body, date } = await send(registry, 'GET', '/v1/cloud', undefined, {});
  const cloud = body as CloudAnswer;
  if (fingerprintOf(cloud.authority) !== fingerprint)
    throw new Refusal(
      `${registry} is not the management node of the join token: the fingerprint of its authority differs`,
    );
  const skewMs = now() - date;
  if (Math.abs(skewMs) > maxSkewMs)
    throw new Refusal(
      `the clock of this host is ${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs < 0 ? 'behind' : 'ahead of'} that of ${registry}: set it (NTP) and join again`,
    );
  return cloud;
}

export const sendJoin = async (registry: string, ca: string, join: JoinRequest): Promise<JoinAnswer> =>
  bodyOf(await send(registry, 'POST', '/v1/join', join, { ca }, joinMs)) as JoinAnswer;

/** Throws Refusal when the node does not fit, and RegistryAway when the registry does not answer. */
export const sendCheckIn = async (
  registry: string,
  trust: Required<Trust>,
  report: CheckInRequest,
): Promise<CheckInAnswer> => bodyOf(await send(registry, 'POST', '/v1/check-in', report, trust)) as CheckInAnswer;

export const sendRenew = async (
  registry: string,
  trust: Required<Trust>,
  request: RenewRequest,
): Promise<RenewAnswer> => bodyOf(await send(registry, 'POST', '/v1/renew', request, trust)) as RenewAnswer;

function bodyOf({ status, body }: Answer): unknown {
  if (status === 200) return body;
  const { error } = body as { error: string };
  throw status === 403 ? new Refusal(error) : new RegistryAway(error);
}

function send(
  registry: string,
  method: string,
  path: string,
  body: unknown,
  trust: Trust,
  timeoutMs = usualMs,
): Promise<Answer> {
  const text = body === undefined ? '' : JSON.stringify(body);
  const { host, port } = hostAndPort(registry);
  const received = Promise.withResolvers<Answer>();
  const outgoing = request({
    host,
    port,
    method,
    path,
    agent: false,
    minVersion: 'TLSv1.3',
    timeout: timeoutMs,
    rejectUnauthorized: trust.ca !== undefined,
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...trust,
  });
  outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
  outgoing.on('error', (cause) =>
    received.reject(new RegistryAway(`management node ${registry} is unreachable: ${cause.message}`, { cause })),
  );
  outgoing.on('response', async (response) => {
    try {
      const parts: Buffer[] = [];
      for await (const part of response as AsyncIterable<Buffer>) parts.push(part);
      const answer: unknown = JSON.parse(Buffer.concat(parts).toString());
      received.resolve({
        status: response.statusCode ?? 0,
        date: Date.parse(response.headers.date ?? ''),
        body: answer,
      });
    } catch (cause) {
      received.reject(new RegistryAway(`management node ${registry} sent no valid answer`, { cause }));
    }
  });
  outgoing.end(text);
  return received.promise;
}

function hostAndPort(registry: string): { host: string; port: number } {
  const { hostname, port } = new URL(`https://${registry}`);
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}
