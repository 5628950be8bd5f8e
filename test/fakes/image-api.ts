/** The image API in this process, with headers in place of tokens. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { PolicySettings } from '#shared/auth/policy-file.ts';
import { settingsOf } from '#shared/config/settings.ts';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { unauthorized } from '#shared/errors/fault.ts';
import { type Log, silentLog } from '#shared/log/log.ts';
import { openApiServer } from '#shared/service/api-server.ts';
import type { Runner } from '#shared/workflow/runner.ts';
import { section } from '../../services/image/config.ts';
import type { Images } from '../../services/image/context.ts';
import { glance } from '../../services/image/dialect.ts';
import { openDownloads } from '../../services/image/drivers/downloads.ts';
import { openImageFiles } from '../../services/image/drivers/file.ts';
import type { ImageBytes } from '../../services/image/drivers/image-bytes.ts';
import { storesOf } from '../../services/image/drivers/stores.ts';
import { migrations } from '../../services/image/migrations/all.ts';
import { policy } from '../../services/image/policy.ts';
import { routes } from '../../services/image/routes.ts';
import { startTasks } from '../../services/image/workflows/runner.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

export interface Asked {
  readonly project?: string;
  readonly roles?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}
type Body = Record<string, never> & { images: { id: string; name: string }[]; next?: string };

export const sorted = (texts: readonly string[]) => texts.toSorted((one, other) => (one < other ? -1 : 1));

export interface ImageApiOptions {
  readonly change?: (bytes: ImageBytes) => ImageBytes;
  /** The directory of image data; default: a temporary one. */
  readonly folder?: string;
  /** Default: the server in WATTLE_TEST_MYSQL, else sqlite in memory. */
  readonly database?: string;
  /** Beside `file`, which is the usual one. */
  readonly stores?: Readonly<Record<string, ImageBytes>>;
  readonly log?: Log;
  /** Default 0. */
  readonly reserveMb?: number;
  readonly config?: Partial<Images['config']>;
  readonly isTokenOver?: () => boolean;
  readonly policySettings?: PolicySettings;
}

/** Responses are validated against openapi/. */
export async function openImages(t: TestContext, options: ImageApiOptions = {}) {
  const { change = (bytes) => bytes, log = silentLog() } = options;
  const dir = options.folder ?? mkdtempSync(join(tmpdir(), 'image-'));
  const server = process.env.WATTLE_TEST_MYSQL;
  const schema = `wattle_t_${randomUUID().slice(0, 8)}`;
  const db = openDatabase(options.database ?? (server ? `${server}/${schema}` : 'sqlite::memory:'));
  await migrate(db, migrations);
  const config = settingsOf({}).read('image', section);
  const bytes = change(await openImageFiles(dir, options.reserveMb));
  const downloads = openDownloads();
  let runner: Runner | undefined;
  const images: Images = {
    db,
    stores: storesOf({ file: bytes, ...options.stores }),
    config: { ...config, ...options.config },
    log,
    downloads,
    wakeTasks: () => runner?.wake(),
  };
  runner = await startTasks(images, 'image/test');
  const identify = async (header: (name: string) => string | undefined, requestId: string) => {
    if (options.isTokenOver?.()) throw unauthorized();
    return callerOf(header, requestId);
  };
  const callerOf = (header: (name: string) => string | undefined, requestId: string) => ({
    ...{ userId: 'u', userName: 'u', userDomainId: 'default', projectName: 'p', projectDomainId: 'default' },
    ...{ domainId: null, system: false, serviceRoles: [], token: '', requestId },
    projectId: header('x-project') ?? 'mine',
    roles: (header('x-roles') ?? 'member,reader').split(','),
  });
  const at = { host: '127.0.0.1', port: 0 };
  const endpoint = await openApiServer({
    name: 'image',
    service: images,
    routes,
    policy,
    ...(options.policySettings ? { policySettings: options.policySettings } : {}),
    dialect: glance('http://identity'),
    identify,
    log,
    at,
  });
  t.after(async () => {
    await endpoint.close();
    await downloads.close();
    await runner?.close();
    if (server && !options.database) await db.raw('DROP SCHEMA ??', [schema]);
    await db.destroy();
    if (!options.folder) rmSync(dir, { recursive: true });
  });
  const base = `http://127.0.0.1:${endpoint.port}`;
  const ask = async (method: string, path: string, { project = 'mine', roles, body, headers }: Asked = {}) => {
    const isBytes = Buffer.isBuffer(body);
    const type = isBytes ? 'application/octet-stream' : 'application/json';
    const answer = await fetch(base + path, {
      method,
      headers: {
        accept: 'application/json',
        'content-type': type,
        'x-project': project,
        ...(roles ? { 'x-roles': roles } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isBytes ? new Uint8Array(body) : JSON.stringify(body) }),
    });
    const raw = Buffer.from(await answer.arrayBuffer());
    const isJson = answer.headers.get('content-type')?.includes('json');
    return {
      status: answer.status,
      headers: answer.headers,
      raw,
      body: (isJson ? JSON.parse(raw.toString()) : {}) as Body & { message: string; id: string; status: string },
    };
  };
  const make = async (more: object = {}, asked: Asked = {}) => {
    const answer = await ask('POST', '/v2/images', {
      ...asked,
      body: { name: 'disk', disk_format: 'raw', container_format: 'bare', ...more },
    });
    assert.equal(answer.status, 201, answer.body.message);
    return answer.body.id;
  };
  const upload = (id: string, body: Buffer) => ask('PUT', `/v2/images/${id}/file`, { body });
  const files = () => readdirSync(dir);
  return { ask, make, upload, files, images, db, base, dir };
}
export const admin = { roles: 'admin,member,reader' };
