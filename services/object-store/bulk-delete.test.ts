import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { startStore, until } from '../../test/e2e/object-cloud.ts';

const text = { 'content-type': 'text/plain' };
const json = { ...text, accept: 'application/json' };

test('one request deletes many objects and empty containers and reports each result', async (t) => {
  const { ask } = await startStore(t);
  for (const to of ['/docs', '/full', '/empty']) await ask('PUT', to);
  for (const name of ['a', 'b%20c', 'd/e', '%C3%A4']) await ask('PUT', `/docs/${name}`, {}, 'x');
  await ask('PUT', '/full/o', {}, 'x');
  const names = [
    '/docs/a',
    'docs/b%20c',
    '/docs/d/e',
    '/docs/ä',
    '/docs/none',
    '/empty',
    '/docs',
    '/full',
    '/docs/%ff',
    '',
  ];
  const answer = await ask('POST', '?bulk-delete', json, names.join('\n'));
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), {
    'Response Status': '400 Bad Request',
    'Response Body': '',
    'Number Deleted': 6,
    'Number Not Found': 1,
    Errors: [
      ['/docs/%25ff', '412 Precondition Failed'],
      ['/full', '409 Conflict'],
    ],
  });
  assert.equal((await ask('GET', '/docs')).status, 404);
  assert.equal((await ask('GET', '/full/o')).status, 200);
});

test('the report is text unless JSON or XML is asked for; rclone asks by DELETE', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/docs');
  await ask('PUT', '/docs/o', {}, 'x');
  const plain = await ask('DELETE', '?bulk-delete=1', text, 'docs/o\n');
  assert.equal(plain.headers.get('content-type'), 'text/plain');
  assert.equal(
    (await plain.text()).trim(),
    'Number Deleted: 1\nNumber Not Found: 0\nResponse Body: \nResponse Status: 200 OK\nErrors:',
  );
  const xml = await ask('POST', '/docs?bulk-delete', { ...text, accept: 'text/xml' }, 'docs/o\n');
  assert.match(await xml.text(), /^<\?xml.*\?>\n<delete>\n<number_deleted>0<.*<errors>\n<\/errors>\n<\/delete>\n$/s);
  assert.equal((await ask('POST', '?bulk-delete', { ...text, accept: 'image/png' }, 'docs/o')).status, 406);
  assert.equal((await ask('POST', '?bulk-delete', { 'content-type': 'image/png' }, 'docs/o')).status, 406);
});

test('a bulk delete is bounded, and each name is authorized', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/docs');
  await ask('PUT', '/docs/o', {}, 'x');
  const report = async (body: string, headers = {}) =>
    (await (await ask('POST', '?bulk-delete', { ...json, ...headers }, body)).json()) as Record<string, unknown>;
  const many = await report('docs/x\n'.repeat(10_001));
  assert.deepEqual([many['Response Status'], many['Number Not Found']], ['413 Payload Too Large', 0]);
  assert.match(String(many['Response Body']), /Maximum Bulk Deletes: 10000 per request/);
  assert.equal((await report('x'.repeat(20_000)))['Response Status'], '400 Bad Request');
  assert.equal((await report(''))['Response Body'], 'Invalid bulk delete.');
  const foreign = await report('docs/o\ndocs', { 'x-auth-token': 'v:q:member' });
  assert.deepEqual(foreign.Errors, [
    ['docs/o', '403 Forbidden'],
    ['docs', '403 Forbidden'],
  ]);
  const nobody = await report('docs/o\ndocs/p', { 'x-auth-token': '' });
  assert.deepEqual([nobody['Response Status'], nobody.Errors], ['401 Unauthorized', [['docs/o', '401 Unauthorized']]]);
  assert.equal((await ask('GET', '/docs/o')).status, 200);
});

test('a bulk delete ends when its client disconnects', async (t) => {
  const { ask, url } = await startStore(t);
  await ask('PUT', '/docs');
  const names = [...Array(3000).keys()].map((at) => `docs/${at}`);
  for (const at of [0, 2999]) await ask('PUT', `/docs/${at}`, {}, 'x');
  const headers = { 'x-auth-token': 'u:p:member', 'content-type': 'text/plain' };
  const sent = request(`${url}/v1/AUTH_p?bulk-delete`, { method: 'POST', headers }).on('error', () => {});
  sent.end(names.join('\n'));
  await until(t, async () => (await ask('HEAD', '/docs/0')).status === 404);
  sent.destroy();
  const count = async () => (await (await ask('GET', '/docs')).text()).trim();
  let last = '';
  await until(t, async () => {
    const before = last;
    last = await count();
    return before === last;
  });
  assert.equal(last, '2999');
});
