/** A network on more than one host. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { run, tryRun } from '../../shared/process/run.ts';
import { missing, openHost, type Work, workerFile } from './network-agent-host.ts';
import { groupOf } from './network-agent-specs.ts';

const skip = await missing();

test('two hosts share a network over VXLAN, full frames and all, whatever other firewalls drop', {
  skip,
}, async (t) => {
  const host = await openHost(t);
  await host.driver.close();
  const hosts = await cabledHosts(t, host.cloudId);
  const group = groupOf(1, [{}]);
  const guests = [];
  for (const [index, { space, address, peer }] of hosts.entries()) {
    const blue = host.segment(1, { peers: [peer] });
    const port = host.port(index + 1, blue, `10.7.0.1${index}`, { groupIds: [group.id] });
    const worker = [
      'ip',
      'netns',
      'exec',
      space,
      process.execPath,
      workerFile,
      host.cloudId,
      join(host.stateDir, space),
      address,
    ];
    const work: Work[] = [
      ['ensureGroup', group],
      ['ensurePort', port],
    ];
    await run(worker, { input: JSON.stringify(work) });
    const guest = await host.guest(port, space);
    await guest.address(`10.7.0.1${index}/24`);
    guests.push(guest);
  }
  const [first] = guests;
  assert.ok(await first?.pings('10.7.0.11'), 'across');
  assert.ok(await first?.pings('10.7.0.11', '-M', 'do', '-s', '1422'), 'a full frame');
});

/** Two namespaces as hosts, with a cable between them that is wide enough for the tunnel's header. */
async function cabledHosts(t: TestContext, cloudId: string) {
  const spaces = [`guest-${cloudId}-h1`, `guest-${cloudId}-h2`] as const;
  const addresses = ['192.0.2.1', '192.0.2.2'] as const;
  for (const space of spaces) await run(['ip', 'netns', 'add', space]);
  t.after(async () => {
    for (const space of spaces) await tryRun(['ip', 'netns', 'del', space]);
  });
  const [one, two] = spaces;
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
  for (const [index, space] of spaces.entries()) {
    await tryRun(['ip', 'netns', 'exec', space, 'iptables', '-P', 'FORWARD', 'DROP']).catch(() => {}); // as Docker does
    await run(['ip', '-n', space, '-batch', '-'], {
      input: `addr add ${addresses[index]}/24 dev under\nlink set under up\n`,
    });
  }
  return spaces.map((space, index) => ({ space, address: addresses[index] ?? '', peer: addresses[1 - index] ?? '' }));
}
