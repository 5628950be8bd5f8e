import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machineView, type ServerBody, stateOf } from './view.ts';

const server: ServerBody = {
  id: 'a',
  name: 'web',
  status: 'ACTIVE',
  'OS-EXT-STS:task_state': null,
  created: '2030-01-01T00:00:00Z',
  addresses: {
    net: [
      { addr: '10.0.0.4', 'OS-EXT-IPS:type': 'fixed' },
      { addr: '172.24.4.9', 'OS-EXT-IPS:type': 'floating' },
    ],
  },
  flavor: { vcpus: 1, ram: 512, disk: 1, original_name: 'm1.tiny' },
  image: { id: 'i' },
};

test('a machine shows its state, its addresses, and what can be done with it', () => {
  const machine = machineView(server, 'boot-guest');
  assert.deepEqual(
    [machine.state, machine.step, machine.reason, machine.verbs],
    ['running', null, null, ['stop', 'restart', 'screen', 'access', 'template', 'resize', 'delete']],
  );
  assert.deepEqual(machine.addresses[1], { address: '172.24.4.9', public: true });
});

test('a task under way decides the state, also one without a word of its own', () => {
  const during = (status: string, task: string | null) => stateOf({ ...server, status, 'OS-EXT-STS:task_state': task });
  assert.equal(during('ACTIVE', 'powering-off'), 'stopping');
  assert.equal(during('SHUTOFF', 'powering-on'), 'starting');
  assert.equal(during('ACTIVE', 'image_snapshot'), 'changing');
  assert.equal(during('BUILD', 'spawning'), 'creating');
  assert.equal(during('SOMETHING', null), 'changing');
  assert.deepEqual(machineView({ ...server, 'OS-EXT-STS:task_state': 'powering-off' }, null).verbs, []);
});

test('a machine with a new size waits for the word to keep it', () => {
  const { state, verbs } = machineView({ ...server, status: 'VERIFY_RESIZE' }, null);
  assert.deepEqual([state, verbs], ['resized', ['keep', 'revert', 'delete']]);
});

test('a machine that is created has a step, and one that failed has the reason', () => {
  assert.equal(machineView({ ...server, status: 'BUILD' }, 'choose-host').step, 'choose-host');
  const failed = machineView({ ...server, status: 'ERROR', fault: { message: 'No host has 8 GB free.' } }, null);
  assert.deepEqual([failed.state, failed.reason, failed.verbs], ['failed', 'No host has 8 GB free.', ['delete']]);
});
