/** A network on more than one host. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { run, tryRun } from '../../shared/process/run.ts';
import { missing, openHost, type Work, workerFile } from './network-agent-host.ts';
import { groupOf } from './network-agent-specs.ts';

const skip = await missing();

test('two hosts share a network over VXLAN with full-size frames, also when FORWARD has the policy DROP', {
  skip,
}, async (t) => {
  const host = await openHost(t);
  await host.driver.close();
  const hosts = await cabledHosts(t, host.cloudId);
  const group = groupOf(1, [{}]);
  const guests = [];
  for (const [index, { namespace, address, peer }] of hosts.entries()) {
    const blue = host.segment(1, { peers: [peer] });
    const port = host.port(index + 1, blue, `10.7.0.1${index}`, { groupIds: [group.id] });
    const worker = [
      'ip',
      'netns',
      'exec',
      namespace,
      process.execPath,
      workerFile,
      host.cloudId,
      join(host.stateDir, namespace),
      address,
    ];
    const work: Work[] = [
      ['ensureGroup', group],
      ['ensurePort', port],
    ];
    await run(worker, { input: JSON.stringify(work) });
    const guest = await host.guest(port, namespace);
    await guest.address(`10.7.0.1${index}/24`);
    guests.push(guest);
  }
  const [first] = guests;
  assert.ok(await first?.pings('10.7.0.11'), 'from one host to the other');
  assert.ok(await first?.pings('10.7.0.11', '-M', 'do', '-s', '1422'), 'a full-size frame');
});

/** Two namespaces as hosts, connected by a veth pair with an MTU that has room for the VXLAN header. */
async function cabledHosts(t: TestContext, cloudId: string) {
  const namespaces = [`guest-${cloudId}-h1`, `guest-${cloudId}-h2`] as const;
  const addresses = ['192.0.2.1', '192.0.2.2'] as const;
  for (const namespace of namespaces) await run(['ip', 'netns', 'add', namespace]);
  t.after(async () => {
    for (const namespace of namespaces) await tryRun(['ip', 'netns', 'del', namespace]);
  });
  const [one, two] = namespaces;
  await run([
    'ip',
    '-n',
    one,
    'link',
    'add',
    'under',
    'mtu',
    '1500',
    'type',
    'veth',
    'peer',
    'name',
    'under',
    'mtu',
    '1500',
    'netns',
    two,
  ]);
  for (const [index, namespace] of namespaces.entries()) {
    await tryRun(['ip', 'netns', 'exec', namespace, 'iptables', '-P', 'FORWARD', 'DROP']).catch(() => {}); // as Docker does
    await run(['ip', '-n', namespace, '-batch', '-'], {
      input: `addr add ${addresses[index]}/24 dev under\nlink set under up\n`,
    });
  }
  return namespaces.map((namespace, index) => ({
    namespace,
    address: addresses[index] ?? '',
    peer: addresses[1 - index] ?? '',
  }));
}
