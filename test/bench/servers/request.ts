/** shared/http serving a trivial resource: `plain` without OpenAPI, `checked` with it, `token` also with a real token. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type http from 'node:http';
import { join } from 'node:path';
import { checksOf } from '#shared/api/checks.ts';
import { openDocument } from '#shared/api/document.ts';
import { enforcerOf } from '#shared/auth/policy.ts';
import { signToken } from '#shared/auth/token.ts';
import { type Identify, openTokenKeys } from '#shared/auth/token-keys.ts';
import { openRequestLog } from '#shared/http/request-log.ts';
import { anonymous, type Handler, ok, type Route } from '#shared/http/route.ts';
import { serve } from '#shared/http/serve.ts';
import { createTunedServer } from '#shared/http/server.ts';
import { silentLog } from '#shared/log/log.ts';
import { ownFolder, report } from './measured.ts';

const [kind = 'plain', revocations = '0', log = ''] = process.argv.slice(2);
const fields = Array.from({ length: 10 }, (_, n) => `field${n}: { type: string, maxLength: 255 }`).join(', ');
const document = `
openapi: 3.1.0
servers: [{ url: / }]
paths:
  /things/{id}:
    get:
      operationId: showThing
      parameters: [{ name: limit, in: query, schema: { type: integer, minimum: 0 } }, { name: name, in: query, schema: { type: string } }]
  /things:
    post:
      operationId: makeThing
      requestBody: { content: { application/json: { schema: { type: object, additionalProperties: false, required: [thing], properties: { thing: { type: object, additionalProperties: false, properties: { ${fields} } } } } } } }
`;
const folder = ownFolder();
writeFileSync(join(folder, 'openapi.yaml'), kind === 'plain' ? 'openapi: 3.1.0\npaths: {}\n' : document);

const thing = { thing: { id: 'x', text: 'a'.repeat(420) } };
const answer: Handler<object> = async () => ok(thing);
const routes: Route<object>[] = [
  { method: 'get', path: '/things/:id', handler: answer, rule: 'read' },
  { method: 'post', path: '/things', handler: answer, rule: 'read' },
];

const caller = { ...anonymous('r'), userId: 'u', projectId: 'p', roles: ['member'] };
const withoutToken: Identify = async () => caller;
const app = serve({
  service: {},
  routes,
  enforcer: enforcerOf({ rules: { read: 'role:member' } }),
  dialect: { version: () => '2.1', fault: ({ message }) => ({ body: { message } }), page: () => ({}) },
  identify: kind === 'token' ? withToken() : withoutToken,
  checks: checksOf(openDocument(folder)),
  ...(log === 'log' ? { requests: openRequestLog({ folder, mostBytes: 32 * 2 ** 20, kept: 1 }) } : {}),
  log: silentLog(),
});

/** Validates a real token, with the given number of revocations of other tokens. */
function withToken(): Identify {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const tokenKeys = openTokenKeys();
  const before = Date.now() / 1000 + 60;
  const revoked = Array.from({ length: Number(revocations) }, (_, n) => ({ user: `gone-${n}`, before }));
  tokenKeys.update({ epoch: 1, keys: [{ kid: 'k', jwk: publicKey.export({ format: 'jwk' }) }], revoked });
  const now = Date.now() / 1000;
  const project = { id: 'p', name: 'p', domain: 'default' };
  const token = signToken(
    {
      sub: 'u',
      name: 'u',
      domain: 'default',
      project,
      domainScope: null,
      system: false,
      roles: ['member'],
      methods: ['password'],
      audit: ['a'],
      iat: now,
      exp: now + 3600,
    },
    'k',
    privateKey,
  );
  return (_header, requestId) => tokenKeys.identify((name) => (name === 'x-auth-token' ? token : undefined), requestId);
}

const server: http.Server = createTunedServer(app);
server.listen(0, '127.0.0.1', () => report(server));
