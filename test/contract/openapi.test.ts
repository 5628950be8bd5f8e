/** Routes match OpenAPI both ways, every rule exists, and two validators agree on every body. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { checksOf } from '#shared/api/checks.ts';
import { type Json, pathKey } from '#shared/api/document.ts';
import { boundaries, narrow } from '#shared/api/narrow.ts';
import { atLeast, type Version } from '#shared/api/versions.ts';
import { enforcerOf } from '#shared/auth/policy.ts';
import { badRequest, conflict, Fault, forbidden, notFound, tooLarge, unauthorized } from '#shared/errors/fault.ts';
import type { Route } from '#shared/http/route.ts';
import { strictOf } from '#shared/http/strict.ts';
import { exampleOf, valueVariants } from './example.ts';
import { type ApiFacts, apis } from './services.ts';

const nameOf = ({ method, path }: Pick<Route<never>, 'method' | 'path'>) => `${method} ${pathKey(path)}`;

for (const api of apis)
  describe(api.name, () => {
    test('every route is described, and every described operation has a route', () => {
      const described = new Set(api.document.names);
      const routed = new Set(api.routes.map(nameOf));
      assert.deepEqual(
        [...routed].filter((name) => !described.has(name)),
        [],
        'routes without a description',
      );
      assert.deepEqual(
        [...described].filter((name) => !routed.has(name)),
        [],
        'descriptions without a route',
      );
    });

    test('every schema is valid, in every range of versions', () => {
      const ajv = new Ajv2020({ strict: false });
      const wrong = api.document.names.flatMap((name) =>
        schemasOf(api, name)
          .filter((schema) => !ajv.validateSchema(schema as object))
          .map(() => `${name}: ${ajv.errorsText()}`),
      );
      assert.deepEqual(wrong, []);
    });

    test('every action of a route is a variant of its body', () => {
      const lost = api.routes.filter(
        ({ action, method, path }) => action !== undefined && !actionsOf(api, method, path).includes(action),
      );
      assert.deepEqual(
        lost.map(({ path, action }) => `${path} ${action}`),
        [],
      );
    });

    test('every rule that a route names exists, and every rule parses', () => {
      const { rules } = enforcerOf(api.policy);
      const named = new Set(api.routes.flatMap(({ rule }) => rulesOf(rule)));
      assert.deepEqual(
        [...named].filter((rule) => !rules.includes(rule)),
        [],
      );
      const known = new Set(rules);
      const referred = Object.values(api.policy.rules).flatMap((text) =>
        [...text.matchAll(/rule:([^\s()]+)/g)].map(([, name]) => name ?? ''),
      );
      assert.deepEqual([...new Set(referred.filter((name) => !known.has(name)))], []);
    });

    test('every rule that its code names exists', () => {
      const folder = join(import.meta.dirname, '../../services', api.name);
      const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
        .map((name) => readFileSync(join(folder, name), 'utf8'));
      const asked =
        /\b(?:may|authorize|enforce|whereAllowed|checkedInHandler|listedBy)\((?:\w+(?:\.\w+)?, )*'(\w+[_:][\w:-]+)'/g;
      const named = sources.flatMap((text) => [...text.matchAll(asked)].map(([, rule = '']) => rule));
      const { rules } = enforcerOf(api.policy);
      assert.deepEqual(
        [...new Set(named)].filter((rule) => !rules.includes(rule)),
        [],
      );
    });

    test('every kind of fault has the format of the API family', () => {
      const faults = [
        badRequest('x'),
        unauthorized(),
        forbidden('x'),
        notFound('Thing', 'x'),
        conflict('x'),
        tooLarge('x'),
        new Fault(500, 'unexpected', 'x'),
        new Fault(405, 'badMethod', 'x'),
      ];
      for (const fault of faults) {
        const { body } = api.dialect.fault(fault, {
          id: 'req-1',
          version: api.newest,
          header: () => 'application/json',
        });
        assert.match(JSON.stringify(body), new RegExp(`${fault.status}|${fault.message}`));
      }
    });

    test('both validators, ajv and express-openapi-validator, agree on every body', async () => {
      const differences: string[] = [];
      let compared = 0;
      for (const version of new Set([api.lowest, api.newest])) {
        const checks = checksOf(api.document);
        const strict = strictOf(api.document);
        for (const route of bodiesOf(api, version)) {
          for (const body of valueVariants(exampleFor(api, route, version))) {
            const accepted = checks.body(route.method, route.path, route.action, version, body) === undefined;
            const refused = await refusalOf({ strict, route, version, body, type: typeOf(api, route) });
            const strictAccepts = refused === undefined;
            compared += 1;
            if (accepted !== strictAccepts)
              differences.push(
                `${version} ${nameOf(route)} ${JSON.stringify(body)}: ${accepted ? `accepted by ajv only: ${refused?.message}` : 'refused by ajv only'}`,
              );
          }
        }
      }
      assert.deepEqual(differences.slice(0, 20), []);
      assert.ok(compared > 0 || bodiesOf(api, api.newest).length === 0);
    });
  });

function rulesOf(rule: Route<never>['rule']): readonly string[] {
  if (typeof rule === 'string') return [rule];
  return rule !== undefined && 'checkedInHandler' in rule ? rule.checkedInHandler : [];
}

/** The schemas of an operation such as `get /v2.1/servers/{}`: parameters, bodies and responses, in each range of versions. */
function schemasOf({ document }: ApiFacts, name: string): Json[] {
  const [method = '', path = ''] = name.split(' ');
  const operation = document.operation(method, path);
  const contents = [operation?.requestBody, ...Object.values(operation?.responses ?? {})];
  const described = contents.flatMap((each) => Object.values(each?.content ?? {}).map(({ schema }) => schema));
  const all = [...described, ...(operation?.parameters ?? []).map(({ schema }) => schema)];
  return all
    .filter((schema) => schema !== undefined)
    .flatMap((schema) => [schema, ...boundaries(schema).map((version) => narrow(schema, version) ?? {})]);
}

const schemaOf = (api: ApiFacts, method: string, path: string): Json | undefined =>
  Object.entries(api.document.operation(method, path)?.requestBody?.content ?? {}).find(([type]) =>
    type.includes('json'),
  )?.[1].schema;

function variantsOf(api: ApiFacts, method: string, path: string): { properties?: Record<string, Json> }[] {
  const schema = schemaOf(api, method, path) as { oneOf?: object[]; anyOf?: object[] } | undefined;
  return (schema?.oneOf ?? schema?.anyOf ?? []) as { properties?: Record<string, Json> }[];
}

const actionsOf = (api: ApiFacts, method: string, path: string) =>
  variantsOf(api, method, path).flatMap(({ properties }) => Object.keys(properties ?? {}));

const bodiesOf = (api: ApiFacts, version: Version) =>
  api.routes.filter(
    ({ method, path, body, since, until }) =>
      body !== 'stream' &&
      ['post', 'put', 'patch'].includes(method) &&
      schemaOf(api, method, path) !== undefined &&
      (!since || atLeast(version, since)) &&
      (!until || atLeast(until, version)),
  );

function exampleFor(api: ApiFacts, { method, path, action }: Route<never>, version: Version): unknown {
  const schema = narrow(schemaOf(api, method, path) as Json, version) as { oneOf?: Json[] };
  if (action === undefined) return exampleOf(schema);
  const variants = (narrow(variantsOf(api, method, path) as Json, version) ?? []) as { properties?: object }[];
  return exampleOf(variants.find(({ properties }) => action in (properties ?? {})) ?? {});
}

/** The part of a request that the validator uses. */
interface StrictRequest {
  readonly strict: ReturnType<typeof strictOf>;
  readonly route: Route<never>;
  readonly version: Version;
  readonly body: unknown;
  readonly type: string;
}

/** Usually application/json; PATCH of an image has its own media type. */
const typeOf = (api: ApiFacts, { method, path }: Route<never>): string =>
  Object.keys(api.document.operation(method, path)?.requestBody?.content ?? {}).find((type) => type.includes('json')) ??
  'application/json';

async function refusalOf({ strict, route: { method, path }, version, body, type }: StrictRequest) {
  const url = path.replace(/[:*](\w+)/g, (_match, name: string) =>
    /id$/i.test(name) ? '5c9a1e5c-6a1f-4a53-9a59-2a7ce3a25c1a' : 'x',
  );
  const headers = { 'content-type': type, 'content-length': '2' };
  const req = {
    method: method.toUpperCase(),
    originalUrl: url,
    url,
    path: url,
    baseUrl: '',
    headers,
    header: (name: string) => headers[name as keyof typeof headers],
    get: (name: string) => headers[name.toLowerCase() as keyof typeof headers],
    params: {},
    query: {},
    cookies: {},
    app: { enabled: () => false, get: () => undefined, param: () => undefined },
  };
  return strict(req as never, { setHeader() {}, locals: {} } as never, version, body);
}

test('every document can be narrowed to each of its version boundaries', () => {
  for (const { document } of apis)
    for (const version of boundaries(document.whole() as Json)) assert.ok(narrow(document.whole() as Json, version));
});
