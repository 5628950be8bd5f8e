import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { openPlacement, sorted } from '../../../test/fakes/placement-api.ts';

test('candidates have the capacity and the required traits, and no forbidden ones', async (t) => {
  const { provide, claim, candidates, candidateProviders } = await openPlacement(t);
  const aggregate = randomUUID();
  const big = await provide(
    'big',
    { VCPU: 8, MEMORY_MB: 4096 },
    { traits: ['COMPUTE_NODE', 'HW_CPU_X86_AVX2'], aggregates: [aggregate] },
  );
  const small = await provide('small', { VCPU: 1, MEMORY_MB: 4096 }, { traits: ['COMPUTE_NODE'] });
  assert.deepEqual(await candidateProviders('resources=VCPU:2,MEMORY_MB:64'), [[big]]);
  assert.deepEqual(sorted((await candidateProviders('resources=VCPU:1')).flat()), sorted([big, small]));
  assert.deepEqual(await candidateProviders('resources=VCPU:1&required=HW_CPU_X86_AVX2'), [[big]]);
  assert.deepEqual(await candidateProviders('resources=VCPU:1&required=!HW_CPU_X86_AVX2'), [[small]]);
  assert.deepEqual(await candidateProviders('resources=VCPU:1&required=in:HW_CPU_X86_AVX2,HW_CPU_X86_AVX'), [[big]]);
  assert.deepEqual(await candidateProviders(`resources=VCPU:1&member_of=${aggregate}`), [[big]]);
  assert.deepEqual(await candidateProviders(`resources=VCPU:1&member_of=!${aggregate}`), [[small]]);
  assert.deepEqual(await candidateProviders(`resources=VCPU:1&in_tree=${small}`), [[small]]);
  assert.equal((await candidateProviders('resources=VCPU:1&limit=1')).length, 1);
  await claim(randomUUID(), { [small]: { VCPU: 1 } });
  assert.deepEqual(await candidateProviders('resources=VCPU:1'), [[big]]);
  const { allocation_requests, provider_summaries } = await candidates('resources=VCPU:1');
  assert.deepEqual(allocation_requests[0]?.mappings, { '': [big] });
  assert.deepEqual(provider_summaries[big], {
    resources: { VCPU: { capacity: 8, used: 0 }, MEMORY_MB: { capacity: 4096, used: 0 } },
    traits: ['COMPUTE_NODE', 'HW_CPU_X86_AVX2'],
    parent_provider_uuid: null,
    root_provider_uuid: big,
  });
});

test('resources come from the providers of a tree and from sharing providers', async (t) => {
  const { provide, candidates, candidateProviders } = await openPlacement(t);
  const aggregate = randomUUID();
  const root = await provide('root', { MEMORY_MB: 4096 }, { aggregates: [aggregate] });
  const [left, right] = [
    await provide('left', { VCPU: 4, SRIOV_NET_VF: 2 }, { parent: root }),
    await provide('right', { VCPU: 4, SRIOV_NET_VF: 2 }, { parent: root, traits: ['HW_NUMA_ROOT'] }),
  ];
  const disks = await provide(
    'disks',
    { DISK_GB: 100 },
    { aggregates: [aggregate], traits: ['MISC_SHARES_VIA_AGGREGATE'] },
  );
  const some = (await candidateProviders('resources=VCPU:1,MEMORY_MB:64,DISK_GB:10')).map((each) => each.join());
  assert.deepEqual(
    new Set(some),
    new Set(
      [
        [left, root, disks],
        [right, root, disks],
      ].map((each) => sorted(each).join()),
    ),
  );
  assert.deepEqual(await candidateProviders('resources1=VCPU:4&required1=HW_NUMA_ROOT'), [[right]]);
  const apart = await candidates('resources1=SRIOV_NET_VF:1&resources2=SRIOV_NET_VF:1&group_policy=isolate');
  assert.equal(apart.allocation_requests.length, 2);
  const anyhow = await candidates('resources1=SRIOV_NET_VF:2&resources2=SRIOV_NET_VF:2&group_policy=none');
  assert.equal(anyhow.allocation_requests.length, 2, 'two from one provider would be four');
  const together = 'resources_a=VCPU:1&resources_b=SRIOV_NET_VF:1&same_subtree=_a,_b&group_policy=none';
  assert.deepEqual(sorted((await candidateProviders(together)).flat()), sorted([left, right]));
  assert.deepEqual((await candidates('resources=VCPU:1,MEMORY_MB:64', '1.28')).allocation_requests, []);
  assert.equal(Object.keys((await candidates('resources=VCPU:1')).provider_summaries).length, 3);
});
