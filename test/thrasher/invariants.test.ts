import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Session } from '#shared/clients/session.ts';
import { type State, unsettled, violationsOf } from './invariants.ts';
import { gone, here, openRecords } from './load.ts';

const server = {
  ...{ id: 's', status: 'ACTIVE', 'OS-EXT-STS:task_state': null },
  'os-extended-volumes:volumes_attached': [{ id: 'v' }],
};
const volume = { id: 'v', status: 'in-use', attachments: [{ server_id: 's' }] };
const port = { id: 'p', device_id: 's', device_owner: 'compute:nova' };
const whole: State = { servers: [server], volumes: [volume], ports: [port], consumers: ['s'] };

const session = {} as Session; // no object is recorded, so none is read

function recorded() {
  const records = openRecords();
  records.servers.acknowledge('s', here);
  records.volumes.acknowledge('v', here);
  return records;
}

const planted: readonly (readonly [what: string, change: Partial<State>, found: RegExp])[] = [
  [
    'a lost server',
    { servers: [], ports: [], consumers: [], volumes: [{ ...volume, status: 'available', attachments: [] }] },
    /^server s must be here$/,
  ],
  [
    'a server that nobody asked for',
    {
      servers: [
        server,
        { ...server, id: 'x', status: 'ERROR', fault: { message: 'm' }, 'os-extended-volumes:volumes_attached': [] },
      ],
    },
    /^servers that no client asked for: x$/,
  ],
  ['an error without a cause', { servers: [{ ...server, status: 'ERROR' }] }, /^server s is in error without a cause$/],
  ['a port of nobody', { ports: [port, { ...port, id: 'q', device_id: 'x' }] }, /^port q is of a server that is gone$/],
  ['two ports', { ports: [port, { ...port, id: 'q' }] }, /^server s \(ACTIVE\) has not one port$/],
  ['an allocation of nobody', { consumers: ['s', 'x'] }, /^allocation of x, which is gone$/],
  ['no allocation', { consumers: [] }, /^server s \(ACTIVE\) has no allocation$/],
  [
    'half an attachment',
    { servers: [{ ...server, 'os-extended-volumes:volumes_attached': [] }] },
    /^only volume records v at s$/,
  ],
  [
    'a volume against its attachments',
    { volumes: [{ ...volume, status: 'available' }] },
    /^volume v is available against its attachments$/,
  ],
];

test('a whole state breaks no promise', async () => {
  assert.deepEqual(await violationsOf(session, whole, recorded()), []);
});

for (const [what, change, found] of planted)
  test(`${what} is found`, async () => {
    const violations = await violationsOf(session, { ...whole, ...change }, recorded());
    assert.equal(violations.length, 1, violations.join('; '));
    assert.match(violations[0] ?? '', found);
  });

test('a server that comes back after its delete, and one that is still changing, are found', async () => {
  const records = recorded();
  records.servers.acknowledge('s', gone);
  assert.deepEqual(await violationsOf(session, whole, records), ['server s must be gone']);
  const changing = { ...whole, servers: [{ ...server, 'OS-EXT-STS:task_state': 'deleting' }] };
  assert.deepEqual(unsettled(changing), ['server s is ACTIVE, task deleting']);
});
