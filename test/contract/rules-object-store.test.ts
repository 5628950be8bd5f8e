/** Every method on accounts, containers and objects, own and foreign, with every persona. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startStore } from '../e2e/object-cloud.ts';

interface Persona {
  readonly token: string;
  readonly reads: boolean;
  readonly writes: boolean;
}

/** Operators write, readers read, in their own account; a reseller does all in every one. An object needs no role beyond these. */
const personas: Readonly<Record<string, Persona>> = {
  'no role': { token: 'u:p:none', reads: false, writes: false },
  'another project': { token: 'u:q:admin,member,reader,swiftoperator', reads: false, writes: false },
  service: { token: 's:service:service', reads: false, writes: false },
  reader: { token: 'u:p:reader', reads: true, writes: false },
  member: { token: 'u:p:member,reader', reads: true, writes: true },
  operator: { token: 'u:p:swiftoperator', reads: true, writes: true },
  admin: { token: 'u:p:admin,member,reader', reads: true, writes: true },
  reseller: { token: 'r:resellers:ResellerAdmin', reads: true, writes: true },
};

/** In an order in which each finds what it needs. */
const requests: readonly (readonly [method: string, path: string, headers?: Record<string, string>])[] = [
  ['GET', ''],
  ['HEAD', ''],
  ['POST', '', { 'x-account-meta-a': 'b' }],
  ['PUT', '/c'],
  ['POST', '/c', { 'x-container-meta-a': 'b' }],
  ['GET', '/c'],
  ['HEAD', '/c'],
  ['PUT', '/c/o'],
  ['POST', '/c/o', { 'x-object-meta-a': 'b' }],
  ['GET', '/c/o'],
  ['HEAD', '/c/o'],
  ['COPY', '/c/o', { destination: 'c/copy' }],
  ['DELETE', '/c/o'],
];

test('object-store: each persona may do exactly what the roles of Swift allow', async (t) => {
  const { ask } = await startStore(t);
  const owner = { 'x-auth-token': personas.member?.token ?? '' };
  assert.ok((await ask('PUT', '/c', owner)).ok);
  const wrong: string[] = [];
  for (const [name, { token, reads, writes }] of Object.entries(personas))
    for (const [method, path, headers = {}] of requests) {
      await ask('PUT', '/c/o', owner, 'x');
      const body = method === 'PUT' && path === '/c/o' ? 'x' : undefined;
      const answer = await ask(method, path, { ...headers, 'x-auth-token': token }, body);
      await answer.arrayBuffer();
      const isRead = method === 'GET' || method === 'HEAD';
      if ((answer.status !== 403) !== (isRead ? reads : writes))
        wrong.push(`${name}: ${method} ${path} ${answer.status}`);
      if (answer.status === 401 || answer.status >= 500) wrong.push(`${name}: ${method} ${path} ${answer.status}`);
    }
  assert.deepEqual(wrong, []);
});
