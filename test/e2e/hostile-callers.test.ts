/** Malicious requests to a cloud of one process: none causes an internal error or blocks other callers. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { request, textOf } from '#shared/clients/http.ts';
import { type HostileRequest, hostileRequests } from './hostile/inherited-names.ts';
import { longQueries } from './hostile/long-queries.ts';
import { adminOf } from './story/api.ts';
import { fakeHosts, pipClient, ports, type StoryCloud, startStoryCloud, until } from './story/cloud.ts';

const apis = Object.keys(ports);
const idleMs = 1500;

test('malicious callers', async (t) => {
  const cloud = await startStoryCloud(t, {
    split: false,
    client: pipClient(),
    env: {
      ...fakeHosts,
      WATTLE_BODY_IDLE_MS: String(idleMs),
      WATTLE_HEADERS_MS: String(idleMs),
      WATTLE_CONNECTIONS_PER_ADDRESS: '150',
    },
  });
  const admin = adminOf(cloud);
  const token = await admin.token();
  const { projects } = await admin.json<{ projects: { id: string }[] }>('identity', '/projects?name=admin');
  const project = projects[0]?.id ?? '';
  const send = async ({ api, method, path, body }: HostileRequest, headers: Readonly<Record<string, string>> = {}) => {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    const reply = await request(`http://${cloud.address}:${ports[api]}${path}`, {
      method,
      headers: { 'x-auth-token': token, ...json, ...headers },
      ...(body === undefined ? {} : { body }),
    });
    return { status: reply.status, text: await textOf(reply), headers: reply.headers };
  };
  const internalErrors = async (pending: HostileRequest[]) => {
    const wrong: string[] = [];
    const work = async () => {
      for (let each = pending.pop(); each; each = pending.pop()) {
        const { status } = await send(each).catch((error: Error) => ({ status: error.message }));
        if (typeof status === 'string' || (status >= 500 && status !== 501 && status !== 507))
          wrong.push(`${status} ${each.method} ${each.api} ${each.path.slice(0, 100)} ${each.body ?? ''}`);
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));
    return [...new Set(wrong)].slice(0, 40);
  };
  const raw = (t: TestContext, api: string, text: string) => {
    const socket = connect(ports[api] as number, cloud.address);
    t.after(() => socket.destroy());
    socket.on('error', () => {}).write(text);
    return received(socket);
  };

  await t.test(
    'DEP-PROTO, DEP-NODE-PROTOHDR: names that every object inherits are treated like any other key',
    async () => {
      const pending = hostileRequests(project);
      assert.ok(pending.length > 2000, String(pending.length));
      assert.deepEqual(await internalErrors(pending), []);
      assert.deepEqual(errorsOf(cloud), []);
    },
  );

  await t.test('queries as long as a request line holds are answered or refused, on every route', async () => {
    const pending = longQueries(project);
    assert.ok(pending.length > 1000, String(pending.length));
    assert.deepEqual(await internalErrors(pending), []);
    assert.deepEqual(errorsOf(cloud), []);
  });

  await t.test(
    'JSON that is too deep, has too many values, a prototype key or bytes that are no text is refused with the reason',
    async () => {
      const bodies: readonly (readonly [body: string | Buffer, message: RegExp])[] = [
        ['['.repeat(50_000), /nested more than/],
        [`[${'1,'.repeat(51_000)}1]`, /more than \d+ values/],
        [`{"a":{"__proto__":{"isAdmin":true}}}`, /__proto__/],
        [`{"\\u005f_proto__":{}}`, /__proto__/],
        [`{"a":["\\ud800"]}`, /surrogate/],
        [`{"\\udc00":1}`, /surrogate/],
        [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), /not UTF-8/],
      ];
      for (const api of ['identity', 'compute', 'network', 'volume'])
        for (const [body, message] of bodies) {
          const path =
            { identity: '/v3/projects', compute: '/v2.1/servers', network: '/v2.0/networks', volume: '/v3/volumes' }[
              api
            ] ?? '';
          const { status, text } = await send({ api, method: 'POST', path, body });
          assert.equal(status, 400, text);
          assert.match(text, message);
        }
    },
  );

  await t.test('a stalled body is answered 408, stalled headers end the connection', async (t) => {
    const slow = Array.from({ length: 40 }, () =>
      raw(
        t,
        'identity',
        'POST /v3/auth/tokens HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
      ),
    );
    const image = await admin.json<{ id: string }>('image', '/v2/images', {
      method: 'POST',
      body: { name: 'slow', disk_format: 'raw', container_format: 'bare' },
    });
    const upload = raw(
      t,
      'image',
      `PUT /v2/images/${image.id}/file HTTP/1.1\r\nHost: a\r\nX-Auth-Token: ${token}\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000\r\n\r\nx`,
    );
    const head = raw(t, 'compute', 'GET / HTTP/1.1\r\nHost: a\r\n');
    for (const each of slow) assert.match(await each, /^HTTP\/1\.1 408 .*\r\n\r\n.*"code":408/s);
    assert.match(await upload, /^HTTP\/1\.1 408 /);
    assert.match(await head, /^(HTTP\/1\.1 408 |$)/);
  });

  await t.test('connections per address are limited per API, and other APIs respond meanwhile', async (t) => {
    const all = Array.from({ length: 170 }, () =>
      raw(t, 'image', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: '),
    );
    const refused = all.map((each) =>
      each.then((text) => text.startsWith('HTTP/1.1 503') && /retry-after/i.test(text)),
    );
    assert.equal((await send({ api: 'compute', method: 'GET', path: '/v2.1/flavors' })).status, 200);
    assert.ok((await Promise.all(refused)).filter(Boolean).length >= 20);
  });

  await t.test(
    'a malformed Host is refused, and forwarded headers of an untrusted client do not change links',
    async (t) => {
      for (const api of apis.filter((each) => each !== 'object-store'))
        for (const host of ['a b', 'a"><script>', 'a/b', 'a:b', '[::1', 'a\u0001'])
          assert.match(
            await raw(t, api, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
            /^HTTP\/1\.1 400 /,
            `${api} ${host}`,
          );
      const { text } = await send(
        { api: 'compute', method: 'GET', path: '/v2.1/flavors' },
        { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' },
      );
      assert.doesNotMatch(text, /evil|https:/);
    },
  );

  await t.test(
    'OSSA-2017-001: each request writes one log line without secrets, each refusal one to the security log',
    async () => {
      const allowed = await send({ api: 'compute', method: 'GET', path: '/v2.1/flavors?limit=1&token=hidden-secret' });
      const refused = await send(
        { api: 'identity', method: 'GET', path: '/v3/users' },
        { 'x-auth-token': 'not-a-token' },
      );
      const id = String(allowed.headers['x-openstack-request-id']);
      const find = (file: string, what: string) => linesOf(cloud, file).find(({ requestId }) => requestId === what);
      const line = await until('a line', async () => find('requests.log', id));
      const { service, method, path, status, projectId, address } = line;
      assert.deepEqual(
        [service, method, path, status, projectId, address],
        [
          'compute',
          'GET',
          '/v2.1/flavors?limit=1&token=***',
          200,
          project,
          cloud.address === address ? address : '127.0.0.1',
        ],
      );
      assert.ok(typeof line.ms === 'number' && typeof line.userId === 'string');
      const { event } = await until('a line', async () =>
        find('security.log', String(refused.headers['x-openstack-request-id'])),
      );
      assert.equal(event, 'token refused');
      const logs = readdirSync(join(cloud.folder, 'var/log')).map((file) =>
        readFileSync(join(cloud.folder, 'var/log', file), 'utf8'),
      );
      for (const secret of [token, 'hidden-secret', 'not-a-token'])
        assert.ok(logs.every((text) => !text.includes(secret)));
    },
  );
});

type Line = Readonly<Record<string, unknown>>;

const linesOf = ({ folder }: StoryCloud, file: string): Line[] =>
  readFileSync(join(folder, 'var/log', file), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);

const errorsOf = (cloud: StoryCloud) =>
  linesOf(cloud, 'all.log')
    .filter(({ msg }) => msg === 'a request failed with an unexpected error')
    .map(({ method, path, error }) => `${method} ${path} ${String(error).slice(0, 300)}`);

/** All data until the other side closes the connection. */
function received(socket: Socket): Promise<string> {
  let text = '';
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('close', () => resolve(text));
  return promise;
}
