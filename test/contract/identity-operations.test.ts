/** The OpenAPI files of identity: complete, and nothing else. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Operation, pathKey } from '#shared/api/document.ts';
import type { Route } from '#shared/http/route.ts';
import { file, operationsPage, unrouted } from './operations.ts';
import { apis } from './services.ts';

const identity = apis.find(({ name }) => name === 'identity');
if (!identity) throw new Error('there is no identity among the services');
const { document, routes } = identity;

type Case = { readonly route: Route<never>; readonly operation: Operation };
const cases: readonly Case[] = routes.flatMap((route) => {
  const operation = document.operation(route.method, route.path);
  return operation ? [{ route, operation }] : [];
});

const failing = (fails: (each: Case) => boolean): string[] =>
  cases.filter(fails).map(({ route }) => `${route.method} ${route.path}`);

test('OPERATIONS.md lists exactly the routes and their answers: node test/contract/operations.ts writes it', () => {
  assert.equal(readFileSync(file, 'utf8'), operationsPage(document, routes));
});

test('operations listed as missing have no route', () => {
  const routed = new Set(routes.map(({ method, path }) => `${method} ${pathKey(path)}`));
  assert.deepEqual(
    unrouted.filter(({ method, path }) => routed.has(`${method} ${pathKey(path)}`)),
    [],
  );
});

test('every operation has a summary', () => {
  assert.deepEqual(
    failing(({ operation }) => !operation.summary),
    [],
  );
});

/** Statuses whose answers have no body. */
const bare = new Set(['204', '304']);
/** Operations that answer 200 or 201 with headers only. */
const headersOnly = new Set(['checkToken', 'addProjectTag']);

test('every answer with a body has a schema, faults too', () => {
  const lacks = ({ operationId, responses }: Operation) =>
    Object.entries(responses).some(
      ([code, { content }]) => !bare.has(code) && !content && !(headersOnly.has(operationId) && code < '300'),
    );
  assert.deepEqual(
    failing(({ operation }) => lacks(operation)),
    [],
  );
});

test('every operation lists the faults that its route makes possible', () => {
  const names = ({ responses }: Operation, code: number) => code in responses;
  const callerAsked = ({ route }: Case) => route.auth !== 'none';
  assert.deepEqual(
    failing((each) => callerAsked(each) && !(names(each.operation, 401) && names(each.operation, 403))),
    [],
  );
  const isPlace = ({ route, operation }: Case) =>
    route.path.includes(':') && operation.operationId !== 'changePassword';
  assert.deepEqual(
    failing((each) => isPlace(each) && !names(each.operation, 404)),
    [],
  );
  assert.deepEqual(
    failing(({ operation }) => operation.requestBody !== undefined && !names(operation, 400)),
    [],
  );
});
