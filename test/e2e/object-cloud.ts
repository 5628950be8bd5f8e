/** Object agents for tests: a ring of directories in one process, with slow timers by default. */

import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import type { Authenticated } from '#shared/auth/caller.ts';
import { memoryBus } from '#shared/bus/memory.ts';
import { settingsOf } from '#shared/config/settings.ts';
import { type AgentAnswer, type AgentCall, isAnswer, type ObjectAgent } from '#shared/contracts/object-agent.ts';
import { unauthorized } from '#shared/errors/fault.ts';
import type { Bytes } from '#shared/http/bytes.ts';
import { anonymous } from '#shared/http/route.ts';
import { openLog, silentLog } from '#shared/log/log.ts';
import { readRing } from '#shared/ring/config.ts';
import { openReach } from '#shared/ring/reach.ts';
import { readBlocks } from '#shared/ring/read-blocks.ts';
import { placeOf, type Ring } from '#shared/ring/ring.ts';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import { openApiServer } from '#shared/service/api-server.ts';
import type { Runtime } from '#shared/service/runtime.ts';
import { start } from '../../services/object-agent/service.ts';
import { section } from '../../services/object-store/config.ts';
import type { KeyOwner, Signed } from '../../services/object-store/context.ts';
import { swift } from '../../services/object-store/dialect.ts';
import { policy } from '../../services/object-store/policy.ts';
import { openQuotas } from '../../services/object-store/quotas/reservations.ts';
import { routes } from '../../services/object-store/routes.ts';
import { refuseS3 } from '../../services/object-store/s3/errors.ts';
import { openKeys } from '../../services/object-store/s3/keys.ts';

export type Words = Readonly<Record<string, unknown>>;

const endings = new WeakMap<TestContext, (() => unknown)[]>();

/** Runs at the end of the test, before everything that was begun earlier: a folder is removed when those who write to it have ended. */
function atEnd(t: TestContext, end: () => unknown): void {
  const all = endings.get(t) ?? [];
  if (all.length === 0)
    t.after(async () => {
      for (const each of all.toReversed()) await each();
    });
  all.push(end);
  endings.set(t, all);
}

export function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'objects-'));
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Intervals that do not elapse during a test. */
const slow = { replicateMs: 3_600_000, auditMs: 3_600_000, reportMs: 3_600_000 };

export function runtimeOf(
  folder: string,
  agent: Words = {},
  ring: Words = {},
  more: Record<string, Words> = {},
): Runtime {
  const file = { cloud: { var: folder }, 'object-agent': { ...slow, ...agent }, 'object-ring': ring, ...more };
  const log = process.env.OBJECT_TEST_LOG ? openLog({}) : silentLog();
  return { settings: settingsOf(file), log, bus: memoryBus() };
}

export interface Agents {
  readonly runtime: Runtime;
  readonly ring: Ring;
  readonly folder: string;
  /** The agent of a device. */
  readonly agentOf: (device: string) => ObjectAgent;
  close(): Promise<void>;
}

export async function startAgents(
  t: TestContext,
  agent: Words = {},
  ring: Words = {},
  folder = temporary(t),
): Promise<Agents> {
  const runtime = runtimeOf(folder, agent, ring);
  const started = await start(runtime);
  const read = readRing(runtime.settings);
  const reach = openReach(runtime.bus, read);
  let open = true;
  const close = async () => {
    if (open) await started.close();
    open = false;
  };
  atEnd(t, close);
  const agentOf = (name: string) => {
    const device = read.devices.find((each) => each.name === name);
    if (!device) throw new Error(`no device ${name}`);
    return reach.agentOf(device);
  };
  return { runtime, ring: read, folder, agentOf, close };
}

type Way = readonly [account: string, container?: string, object?: string];

/** One call, for the partition of the path. */
export function callTo(
  ring: Ring,
  kind: AgentCall['kind'],
  method: AgentCall['method'],
  device: string,
  path: Way,
  headers: Record<string, string> = {},
): AgentCall {
  const words = path.filter((word) => word !== undefined);
  const owner = kind === 'account' ? words.slice(0, 1) : kind === 'container' ? words.slice(0, 2) : words;
  const { partition } = placeOf(ring, ...owner);
  return { kind, method, device, partition, path: words, headers: { 'x-timestamp': newTimestamp(), ...headers } };
}

export async function bytesOf({ body }: AgentAnswer): Promise<Buffer> {
  if (!body) return Buffer.alloc(0);
  if (Buffer.isBuffer(body)) return body;
  const chunks: Buffer[] = [];
  for (let chunk = await (body as Bytes).read(); chunk; chunk = await (body as Bytes).read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Waits for a condition, at most until the timeout of the test. */
export async function until({ signal }: TestContext, condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) {
    signal.throwIfAborted();
    await new Promise((go) => setTimeout(go, 10));
  }
}

export const md5 = (content: Buffer | string): string => createHash('md5').update(content).digest('hex');

/** An object on one device. */
export async function putAt(
  agent: ObjectAgent,
  call: AgentCall,
  content: Buffer,
  footer: Record<string, string> = {},
): Promise<AgentAnswer> {
  const upload = await agent.upload(call);
  if (isAnswer(upload)) return upload;
  await readBlocks(Readable.from(content.length > 0 ? [content] : []), { onBlock: upload.write });
  return upload.commit({ etag: md5(content), ...footer });
}

/** All files below a folder, which may change meanwhile. */
export function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

export interface Store extends Agents {
  readonly url: string;
  /** A request of a member of project p; `to` follows /v1/AUTH_p. */
  readonly ask: (
    method: string,
    to: string,
    headers?: Record<string, string>,
    body?: Buffer | string,
  ) => Promise<Response>;
}

/** Agents and a proxy. The token is the caller: `user:project:role,role:domain`, the domain is optional. */
export async function startStore(
  t: TestContext,
  agent: Words = {},
  ring: Words = {},
  more: Words = {},
  folder = temporary(t),
): Promise<Store> {
  const agents = await startAgents(t, agent, ring, folder);
  const endpoint = await openProxy(agents.runtime, agents.ring, more);
  atEnd(t, () => endpoint.close());
  const ask: Store['ask'] = (method, to, headers = {}, body) =>
    fetch(`${endpoint.url}/v1/AUTH_p${to}`, {
      method,
      headers: { 'x-auth-token': 'u:p:member', ...headers },
      ...(body === undefined ? {} : { body: new Uint8Array(Buffer.from(body)) }),
    });
  return { ...agents, url: endpoint.url, ask };
}

/** A proxy that accepts any such token. */
export function openProxy({ bus, log }: Runtime, ring: Ring, more: Words = {}): ReturnType<typeof openApiServer> {
  const settings = settingsOf({ 'object-store': { listen: '0', ...more } }).read('object-store', section);
  return openApiServer({
    name: 'object-store',
    service: { ring, reach: openReach(bus, ring), settings, log, quotas: openQuotas(), keys: openKeys(verifyByHand) },
    routes,
    policy,
    dialect: swift('http://identity'),
    identify: async (header, requestId) => callerIs(header('x-auth-token') ?? '', requestId),
    log,
    at: { host: '127.0.0.1', port: 0 },
  });
}

/** The access key is the caller, as a token is, and the secret of all keys is `secret`. */
async function verifyByHand({ version, access, text, signature, scope }: Signed): Promise<KeyOwner> {
  const caller = callerIs(access, '');
  const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
  const [day = '', region = '', service = ''] = scope.split('/');
  const signingKey = hmac(hmac(hmac(hmac('AWS4secret', day), region), service), 'aws4_request');
  const expected =
    version === 4 ? hmac(signingKey, text).toString('hex') : createHmac('sha1', 'secret').update(text).digest('base64');
  if (expected !== signature) throw refuseS3('SignatureDoesNotMatch', 'wrong');
  return { caller, signingKey: version === 4 ? signingKey : undefined };
}

function callerIs(token: string, requestId: string): Authenticated {
  const [userId = '', projectId = '', roles = '', domain = ''] = token.split(':');
  if (!roles) throw unauthorized();
  const names = { userName: `${userId}-name`, projectName: `${projectId}-name` };
  const domains = { userDomainId: domain, projectDomainId: domain };
  return { ...anonymous(requestId), userId, projectId, roles: roles.split(','), ...names, ...domains };
}
