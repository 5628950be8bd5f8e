import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '#shared/errors/fault.ts';
import { microversions } from './microversions.ts';

const things = microversions({ service: 'things', oldest: '2.1', newest: '2.40', ownHeader: 'X-Things-Version' });
const asked = (headers: Readonly<Record<string, string>>) => things.version((name) => headers[name]);
const common = (value: string) => asked({ 'openstack-api-version': value });
const refused = (value: string) => {
  try {
    return common(value);
  } catch (error) {
    return error instanceof Fault && error.status;
  }
};

test('a request names its version among those of other services; latest is the newest', () => {
  assert.equal(common('things 2.7'), '2.7');
  assert.equal(common('others 1.3, Things 2.8'), '2.8');
  assert.equal(common('things latest'), '2.40');
});

test('without a version for this service the older header counts, and otherwise the oldest version', () => {
  assert.equal(asked({ 'openstack-api-version': 'others 1.3', 'x-things-version': '2.9' }), '2.9');
  assert.equal(common('others 1.3'), '2.1');
  assert.equal(asked({}), '2.1');
});

test('a malformed version is a 400, and an unsupported one a 406', () => {
  for (const value of ['things 2', 'things two', 'things 2.01']) assert.equal(refused(value), 400, value);
  for (const value of ['things 2.0', 'things 2.41', 'things 3.1']) assert.equal(refused(value), 406, value);
});

test('an answer has its version in both headers', () => {
  assert.deepEqual(things.headers(undefined, 'req-1'), { vary: 'OpenStack-API-Version, X-Things-Version' });
  assert.deepEqual(things.headers('2.7', 'req-1'), {
    vary: 'OpenStack-API-Version, X-Things-Version',
    'openstack-api-version': 'things 2.7',
    'x-things-version': '2.7',
  });
});
