import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageId, networkId, startCloud } from '../../../test/fakes/compute-cloud.ts';
import { hostnameOf } from './new-server.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

/** Each request with its refusal. */
const refusals: Readonly<Record<string, readonly [input: object, status: number, message: string | RegExp]>> = {
  'an unknown flavor': [{ flavorRef: 'nosuch' }, 400, 'Flavor nosuch could not be found.'],
  'an unknown image': [
    { imageRef: 'ffffffff-ab52-40b4-9f99-840e2a6cd86a' },
    400,
    'Image ffffffff-ab52-40b4-9f99-840e2a6cd86a could not be found.',
  ],
  'an unknown key': [{ key_name: 'nosuch' }, 400, 'Invalid key_name provided.'],
  'an unknown network': [
    { networks: [{ uuid: 'ffffffff-2f64-446f-be04-3cf1108345c9' }] },
    400,
    'Network ffffffff-2f64-446f-be04-3cf1108345c9 could not be found.',
  ],
  'an unknown security group': [
    { security_groups: [{ name: 'nosuch' }] },
    400,
    'Security group nosuch not found for project f8166a312b1847b3bca037ce0ff7f694.',
  ],
  'no boot disk': [{ imageRef: '' }, 400, /^Block Device Mapping is Invalid/],
  'an unknown property': [{ colour: 'blue' }, 400, /Additional properties are not allowed \('colour' was unexpected\)/],
  'no name': [{ name: '' }, 400, /'' is too short/],
  'user data that is not base64': [{ user_data: '%%%' }, 400, /user_data/],
  'more than the quota': [
    { min_count: 11, max_count: 11 },
    403,
    'Quota exceeded for instances: Requested 11, but already used 0 of 10 instances',
  ],
  'a disk of a kind that is not had': [
    {
      block_device_mapping_v2: [
        { source_type: 'blank', destination_type: 'local', volume_size: 1, device_type: 'cdrom' },
      ],
    },
    400,
    /a blank cdrom is not supported/,
  ],
  'a zone that is not': [{ availability_zone: 'mars' }, 400, 'The requested availability zone is not available'],
  'too many items': [
    { metadata: Object.fromEntries(Array.from({ length: 129 }, (_, at) => [`k${at}`, 'v'])) },
    403,
    'Maximum number of metadata items exceeds 128',
  ],
};

for (const [what, [input, status, message]] of Object.entries(refusals))
  test(`${what} is refused before anything is written`, async (t) => {
    const cloud = await startCloud(t);
    const answer = await cloud.launch(input);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    const [fault] = Object.values(answer.body) as { message: string }[];
    if (typeof message === 'string') assert.equal(fault?.message, message);
    else assert.match(fault?.message ?? '', message);
    assert.deepEqual((await cloud.ask('GET', '/v2.1/servers')).body.servers, []);
    assert.equal(await cloud.openTasks(), 0);
  });

test('an unknown server group is refused', async (t) => {
  const cloud = await startCloud(t);
  const server = { name: 'web', flavorRef: '42', imageRef: imageId, networks: 'none' };
  const body = { server, 'os:scheduler_hints': { group: 'ffffffff-ffff-4fff-bfff-ffffffffffff' } };
  const answer = await cloud.ask('POST', '/v2.1/servers', { version: '2.93', body });
  assert.equal(
    answer.body.badRequest.message,
    'Instance group ffffffff-ffff-4fff-bfff-ffffffffffff could not be found.',
  );
});

test('networks are required from 2.37 on', async (t) => {
  const cloud = await startCloud(t);
  const server = { name: 'web', flavorRef: '42', imageRef: imageId };
  const ask = (version: string) => cloud.ask('POST', '/v2.1/servers', { version, body: { server } });
  assert.equal((await ask('2.37')).status, 400);
  assert.equal((await ask('2.36')).status, 202);
});

test('a launch without networks is 409 when the project has several', async (t) => {
  const cloud = await startCloud(t);
  const red = { ...(cloud.network.networks.get(networkId) as object), id: 'red', name: 'red' };
  cloud.network.networks.set('red', red as never);
  const { status, body } = await cloud.launch({ networks: 'auto' });
  assert.deepEqual(
    [status, body.conflictingRequest.message],
    [409, 'Multiple possible networks found, use a Network ID to be more specific.'],
  );
});

test('several servers are launched with numbered names and one reservation, up to the quota', async (t) => {
  const cloud = await startCloud(t);
  const { status, body } = await cloud.launch({ min_count: 2, max_count: 12, return_reservation_id: true });
  assert.equal(status, 202);
  assert.match(body.reservation_id, /^r-/);
  const list = await cloud.ask('GET', `/v2.1/servers?reservation_id=${body.reservation_id}&sort_key=uuid`);
  assert.equal(list.body.servers.length, 10);
  assert.ok(list.body.servers.some(({ name }: { name: string }) => name === 'web-10'));
});

test('a name becomes a valid DNS hostname', () => {
  assert.equal(hostnameOf('My Web_Server.1', 'x'), 'my-web-server-1');
  assert.equal(hostnameOf('äöü', 'x'), 'server-x');
  assert.equal(hostnameOf('a'.repeat(80), 'x').length, 63);
});
