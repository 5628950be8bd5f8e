import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HypervisorBody, rackView } from './view.ts';

const host: HypervisorBody = {
  ...{ hypervisor_hostname: 'kvm2', state: 'up', status: 'enabled', running_vms: 3, service: {} },
  ...{ vcpus: 8, vcpus_used: 4, memory_mb: 16_384, memory_mb_used: 4_096, local_gb: 100, local_gb_used: 40 },
};

test('hosts are listed by name: up, down, or closed with the reason', () => {
  const down = { ...host, hypervisor_hostname: 'kvm1', state: 'down' };
  const closed = { ...host, hypervisor_hostname: 'kvm3', status: 'disabled', service: { disabled_reason: 'new disk' } };
  const { hosts } = rackView([host, down, closed], [], []);
  assert.deepEqual(
    hosts.map(({ name, state, reason }) => [name, state, reason]),
    [
      ['kvm1', 'down', null],
      ['kvm2', 'up', null],
      ['kvm3', 'closed', 'new disk'],
    ],
  );
  assert.deepEqual(hosts[1]?.cores, { used: 4, total: 8 });
});

test('parts that do not answer are named with their last sign of life', () => {
  const service = { binary: 'nova-compute', host: 'kvm1', status: 'enabled', updated_at: '2030-01-01T00:00:00' };
  const agent = { binary: 'neutron-dhcp-agent', host: 'kvm1', heartbeat_timestamp: '2030-01-01 00:00:00' };
  const { down } = rackView(
    [],
    [
      { ...service, state: 'down' },
      { ...service, host: 'kvm2', state: 'up' },
    ],
    [
      { ...agent, alive: false },
      { ...agent, alive: true },
    ],
  );
  assert.deepEqual(down, [
    { part: 'nova-compute', host: 'kvm1', since: '2030-01-01T00:00:00' },
    { part: 'neutron-dhcp-agent', host: 'kvm1', since: '2030-01-01 00:00:00' },
  ]);
});
