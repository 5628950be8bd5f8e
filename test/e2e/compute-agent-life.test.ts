/** A guest with a real operating system, from its boot to its end, on the real driver. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { DiskSpec, GuestSpec } from '#shared/contracts/compute-agent.ts';
import { connectUnix } from '#shared/process/unix-socket.ts';
import type { Hypervisor } from '../../services/compute-agent/drivers/hypervisor.ts';
import type { ImageApi } from '../../services/compute-agent/drivers/qemu/images.ts';
import { relayOnce } from '../../services/compute-agent/drivers/relay.ts';
import { diskSpec, exampleHost, guestSpec, nicSpec, until } from '../fakes/compute-host.ts';

const image = process.env.WATTLE_TEST_GUEST ?? '';
const hasQemu = spawnSync('qemu-system-x86_64', ['--version']).status === 0;
const skip = (!hasQemu && 'qemu-system-x86_64 is not installed') || (!image && 'WATTLE_TEST_GUEST names no image');

const api: ImageApi = {
  find: async () => ({
    status: 'active',
    format: 'qcow2',
    container: 'bare',
    sizeBytes: (await stat(image)).size,
    hash: null,
  }),
  download: async () => createReadStream(image),
  upload: async () => {},
};
const root: DiskSpec = diskSpec({
  id: 'root',
  bootIndex: 0,
  source: { kind: 'image', imageId: 'tiny', format: 'qcow2' },
});

function tinySpec(): GuestSpec {
  const id = randomUUID();
  const facts = JSON.stringify({ uuid: id, name: 'web', hostname: 'web' });
  const configDrive = { 'openstack/latest/meta_data.json': facts };
  return guestSpec({ id, ramMb: 128, graceMs: 60_000, disks: [root], nics: [nicSpec()], configDrive });
}

async function openHost(t: TestContext) {
  const { stateDir, open } = await exampleHost(t);
  return { stateDir, open: () => open({ api, virtType: 'auto' }) };
}

const consoleShows = (hypervisor: Hypervisor, id: string, line: RegExp, times = 1) =>
  until(`the console shows ${line}`, async () => {
    const found = (await hypervisor.consoleLog(id, null)).match(new RegExp(line.source, 'g'));
    return (found?.length ?? 0) >= times;
  });

/** Logs in on the serial console and runs one command. */
async function runOnConsole(stateDir: string, id: string, line: string): Promise<void> {
  const path = join(stateDir, 'guests', id, 'run', 'serial.sock');
  const socket = await connectUnix(path, (await stat(path)).uid);
  let output = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  for (const [prompt, input] of [
    [/login: $/, 'root'],
    [/Password: $/, 'tiny'],
    [/# /, line],
  ] as const) {
    if (input === 'root') socket.write('\n');
    await until(`${prompt}`, () => prompt.test(output));
    output = '';
    socket.write(`${input}\n`);
  }
  socket.end();
}

test('a guest boots, gets a disk and releases it, reboots, powers itself off, and starts again', {
  skip,
}, async (t) => {
  const { stateDir, open } = await openHost(t);
  const hypervisor = await open();
  const spec = tinySpec();
  const { id } = spec;

  assert.equal((await hypervisor.ensureGuest(spec)).power, 'on');
  await consoleShows(hypervisor, id, /tinyguest ready: host=web .*source=configdrive/);

  const volume = diskSpec({ serial: 'volume-serial' });
  const { devices } = await hypervisor.ensureGuest({ ...spec, disks: [root, volume] });
  assert.equal(devices[volume.id], 'vdb');
  await consoleShows(hypervisor, id, /disk vdb added sectors=2097152 serial=volume-serial/);
  await hypervisor.ensureGuest({ ...spec, disks: [root, { ...volume, sizeGb: 2 }] });
  await consoleShows(hypervisor, id, /disk vdb changed sectors=4194304/);
  await hypervisor.ensureGuest(spec);
  await consoleShows(hypervisor, id, /disk vdb removed/);

  const again: GuestSpec = { ...spec, boot: { mark: 'soft', kind: 'soft' } };
  await hypervisor.ensureGuest(again);
  await consoleShows(hypervisor, id, /power button pressed/);
  await consoleShows(hypervisor, id, /tinyguest ready/, 2);

  await runOnConsole(stateDir, id, 'poweroff');
  await until('the guest is reported as off', () => hypervisor.guests()[0]?.power === 'off');
  assert.deepEqual(hypervisor.guests(), [{ id, power: 'off', reason: 'powered off from inside' }]);
  assert.equal((await hypervisor.ensureGuest(again)).power, 'on');
});

test('a guest keeps running while the agent is down, pauses, resumes, and powers off by its power button', {
  skip,
}, async (t) => {
  const { open } = await openHost(t);
  const first = await open();
  const spec = tinySpec();
  await first.ensureGuest(spec);
  await first.close();

  const second = await open();
  await second.recover(null);
  await consoleShows(second, spec.id, /tinyguest ready/);
  assert.equal((await second.ensureGuest({ ...spec, power: 'paused' })).power, 'paused');
  assert.equal((await second.ensureGuest(spec)).power, 'on');
  assert.equal((await second.ensureGuest({ ...spec, power: 'off' })).power, 'off');
  assert.match(await second.consoleLog(spec.id, null), /tinyguest down/);
  assert.equal((await second.consoleLog(spec.id, 1)).trim().split('\n').length, 1);
});

test('the VNC server answers on its unix socket, and once through a relay', { skip }, async (t) => {
  const { open } = await openHost(t);
  const hypervisor = await open();
  const spec = guestSpec();
  await hypervisor.ensureGuest(spec);
  const screen = await hypervisor.vncSocket(spec.id);
  const local = await connectUnix(screen.path, screen.owner ?? undefined);
  assert.match(String((await once(local, 'data'))[0]), /^RFB 003\.008\n/);
  local.destroy();
  const relay = await relayOnce(screen, '127.0.0.1');
  const [host = '', port] = relay.split(':');
  const remote = connect(Number(port), host);
  assert.match(String((await once(remote, 'data'))[0]), /^RFB 003\.008\n/);
  await assert.rejects(once(connect(Number(port), host), 'connect'), { code: 'ECONNREFUSED' });
  remote.destroy();
});
