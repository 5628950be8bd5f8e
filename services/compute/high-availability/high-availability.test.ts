import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addVolume, type Cloud, startCloud, until, volumeId } from '../../../test/fakes/compute-cloud.ts';
import { type Fencing, noFencing, storageFencing } from '../drivers/fencing/fencing.ts';
import { ipmiFencing } from '../drivers/fencing/ipmi.ts';

const fromVolume = {
  imageRef: '',
  block_device_mapping_v2: [{ uuid: volumeId, source_type: 'volume', destination_type: 'volume', boot_index: 0 }],
};

/** A server that boots from a volume and wants to be restarted, on a host that is lost then. */
async function lostServer(t: TestContext, fencing: Fencing, settings: object = {}) {
  const cloud = await startCloud(t, { fencing, config: { hostDownMs: 400 } });
  const hosts = { kvm1: cloud.startHost({}, 'kvm1'), kvm2: cloud.startHost({}, 'kvm2') };
  await until(() => cloud.placement.providers.size === 2);
  addVolume(cloud, volumeId, { bootable: 'true' });
  const { status, body } = await cloud.launch({ ...fromVolume, metadata: { ha: 'true' }, ...settings });
  assert.equal(status, 202, JSON.stringify(body));
  const server = await cloud.ended(body.server.id);
  const host: keyof typeof hosts = server['OS-EXT-SRV-ATTR:host'];
  const other = host === 'kvm1' ? 'kvm2' : 'kvm1';
  await hosts[host].close();
  return { cloud, id: server.id as string, host, other, there: hosts[other] };
}

const hostOf = async (cloud: Cloud, id: string) => (await cloud.show(id))['OS-EXT-SRV-ATTR:host'];
const messagesOf = async (cloud: Cloud, id: string): Promise<string[]> => {
  const { body } = await cloud.ask('GET', `/v2.1/servers/${id}/os-instance-actions`, { version: '2.100' });
  return body.instanceActions.map(({ message }: { message: string | null }) => message ?? '');
};

test('a server with ha: true starts elsewhere when its host is lost and fenced', async (t) => {
  const fenced: string[] = [];
  const fence = async (host: string) => {
    fenced.push(host);
    return { fenced: true } as const;
  };
  const { cloud, id, host, other, there } = await lostServer(t, { ...storageFencing, fence });
  await until(async () => (await hostOf(cloud, id)) === other);
  assert.equal((await cloud.ended(id)).status, 'ACTIVE');
  assert.deepEqual([fenced, there.guests.get(id)?.power], [[host], 'on']);
});

test('without a fencing driver the server stays, and its actions say why', async (t) => {
  const { cloud, id, host } = await lostServer(t, noFencing);
  await until(async () => (await messagesOf(cloud, id)).some((each) => /No fencing driver is set/.test(each)));
  assert.equal(await hostOf(cloud, id), host);
});

test('a server with disks on its host is not restarted from its image by itself', async (t) => {
  const { imageRef: _, ...local } = { ...fromVolume, block_device_mapping_v2: [] };
  const { cloud, id, host } = await lostServer(t, storageFencing, {
    ...local,
    imageRef: '2e57c66b-ab52-40b4-9f99-840e2a6cd86a',
  });
  await until(async () => (await messagesOf(cloud, id)).some((each) => /disks on its host/.test(each)));
  assert.equal(await hostOf(cloud, id), host);
});

test('ipmitool gets the password in a file, and a host is fenced when its power is off', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'ipmi-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const tool = join(dir, 'ipmitool');
  const script = `#!/bin/sh\necho "$@" >> ${dir}/calls\ncase "$*" in *bad*) echo "no route" >&2; exit 1;; *status*) echo "Chassis Power is off";; esac\n`;
  writeFileSync(tool, script);
  chmodSync(tool, 0o755);
  const options = { user: 'admin', passwordFile: '/etc/secret', tool, offWithinMs: 1_500 };
  const fencing = ipmiFencing({ hosts: ['kvm1=10.0.9.11', 'kvm2=bad'], ...options });
  assert.deepEqual(await fencing.fence('kvm1'), { fenced: true });
  assert.match(
    readFileSync(join(dir, 'calls'), 'utf8'),
    /^-I lanplus -H 10.0.9.11 -U admin -f \/etc\/secret chassis power off$/m,
  );
  const bad = await fencing.fence('kvm2');
  assert.match(bad.fenced ? '' : bad.reason, /did not power the host off.*no route/);
  const unknown = await fencing.fence('kvm3');
  assert.match(unknown.fenced ? '' : unknown.reason, /names no controller of host kvm3/);
  const absent = await ipmiFencing({ hosts: ['kvm1=a'], ...options, tool: 'no-such-tool' }).fence('kvm1');
  assert.match(absent.fenced ? '' : absent.reason, /not installed/);
});
