/**
 * Logs each request in requests.log, and refused logins, tokens and rules in security.log too. No line has a body, a header
 * or a secret of the query.
 */
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Response } from 'express';
import type { Caller } from '#shared/auth/caller.ts';
import { RuleRefused } from '#shared/auth/policy.ts';
import type { Fault } from '#shared/errors/fault.ts';
import { openRotating } from '#shared/files/rotating.ts';

export interface RequestLog {
  /** Logs this request when its answer has been sent. */
  watch(req: IncomingMessage, res: Response, of: { readonly service: string; readonly address: string }): void;
  close(): void;
}

interface Options {
  readonly folder: string;
  readonly mostBytes: number;
  readonly kept: number;
  /** Prefix of the file names, where several processes share the folder. */
  readonly prefix?: string;
}

/** Opens `requests.log` and `security.log` in the folder. */
export function openRequestLog({ folder, mostBytes, kept, prefix = '' }: Options): RequestLog {
  const requests = openRotating({ path: join(folder, `${prefix}requests.log`), mostBytes, kept });
  const security = openRotating({ path: join(folder, `${prefix}security.log`), mostBytes, kept });
  return {
    watch: (req, res, { service, address }) => {
      const begun = performance.now();
      res.once('close', () => {
        const facts = lineOf(req, res, { service, address, ms: performance.now() - begun });
        requests.add(`${facts}}`);
        const event = res.statusCode === 401 || res.statusCode === 403 ? refusalOf(req, res) : undefined;
        if (event) security.add(`${facts},${JSON.stringify(event).slice(1)}`);
      });
    },
    close: () => {
      requests.close();
      security.close();
    },
  };
}

interface Facts {
  readonly service: string;
  readonly address: string;
  readonly ms: number;
}

/** Returns the JSON without its last brace. Concatenated by hand, since each request needs it. */
function lineOf(req: IncomingMessage, res: Response, { service, address, ms }: Facts): string {
  const { requestId, caller } = res.locals as { requestId?: string; caller?: Caller };
  const status = res.writableFinished ? res.statusCode : 499; // the client disconnected before the end
  const path = JSON.stringify(withoutSecrets((req as { originalUrl?: string }).originalUrl ?? req.url ?? ''));
  const user = caller?.userId ? `,"userId":${text(caller.userId)},"projectId":${text(caller.projectId)}` : '';
  const head = `{"time":"${now()}","service":"${service}","method":"${req.method}","path":${path}`;
  return `${head},"status":${status},"ms":${ms.toFixed(1)},"requestId":"${requestId}"${user},"address":"${address}"`;
}

let [second, formatted] = [0, ''];
/** Formatting a time costs more than the rest of the line, so it is done once per second. */
function now(): string {
  const ms = Date.now();
  if (ms - second >= 1000) [second, formatted] = [ms - (ms % 1000), new Date(ms).toISOString().slice(0, 20)];
  return `${formatted}${String(ms - second).padStart(3, '0')}Z`;
}

const text = (value: string | null): string => JSON.stringify(value);

const secretName = /token|pass|secret|sig|key|code|auth|assertion|credential|verifier|nonce|state/i;
const longest = 1024;

/** Returns the URL with the values of secret query parameters replaced by ***. */
export function withoutSecrets(url: string): string {
  const mark = url.indexOf('?');
  if (mark < 0) return withoutTokens(url.slice(0, longest));
  const query = url.slice(mark + 1, mark + 1 + longest).split('&');
  const shown = query.map((pair) => (secretName.test(nameOf(pair)) ? `${pair.split('=', 1)[0]}=***` : pair));
  return `${withoutTokens(url.slice(0, Math.min(mark, longest)))}?${shown.join('&')}`;
}

/** Some paths contain a secret as an id. */
const withoutTokens = (path: string): string =>
  !path.includes('/os-console-auth-tokens/') && !path.includes('/OS-OAUTH1/authorize/')
    ? path
    : path.replace(/\/(os-console-auth-tokens|OS-OAUTH1\/authorize)\/[^/]+/, '/$1/***');

/** The decoded name: `%74oken` is `token`. */
function nameOf(pair: string): string {
  const name = pair.split('=', 1)[0] ?? '';
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

interface Refusal {
  readonly event: 'login refused' | 'token refused' | 'service token refused' | 'rule refused' | 'refused';
  readonly rule?: string;
  readonly targetProjectId?: string;
  readonly reason?: string;
}

const logins = /^\/v3\/(auth\/|OS-FEDERATION\/|OS-OAUTH)/;

/** Undefined for a request without a token, which clients send to learn the URL of identity. */
function refusalOf(req: IncomingMessage, res: Response): Refusal | undefined {
  const { fault } = res.locals as { fault?: Fault };
  if (fault instanceof RuleRefused) {
    const { rule, targetProjectId } = fault;
    return { event: 'rule refused', rule, ...(targetProjectId === undefined ? {} : { targetProjectId }) };
  }
  const reason = fault === undefined ? {} : { reason: fault.message.slice(0, 300) };
  if (res.statusCode === 403) return { event: 'refused', ...reason };
  if (req.headers['x-service-token'] !== undefined) return { event: 'service token refused' };
  if (req.headers['x-auth-token'] !== undefined) return { event: 'token refused' };
  const { originalUrl = '' } = req as { originalUrl?: string };
  return logins.test(originalUrl) ? { event: 'login refused', ...reason } : undefined;
}
