/**
 * An agent in a process of its own that dies by SIGKILL before or after one of its effects: a file renamed, made or
 * removed, a link, a program or a guest started, a word to QEMU. Words: state folder, spec or upload as JSON (or an id that
 * shall be gone), number of the effect, before | after. Says how many effects there were when it lives.
 */
import childProcess from 'node:child_process';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import type { ImageApi } from '../../services/compute-agent/drivers/qemu/images.ts';

const [stateDir = '', said = '', at = '0', when = 'before'] = process.argv.slice(2);
let effects = 0;
let counting = false;
const die = () => process.kill(process.pid, 'SIGKILL');

/** Replaces a function by one that counts, and dies at its number. */
function mine(home: object, name: string): void {
  const real = Reflect.get(home, name) as (...args: unknown[]) => unknown;
  Reflect.set(home, name, function (this: unknown, ...args: unknown[]) {
    const isLast = counting && ++effects === Number(at);
    if (isLast && when === 'before') die();
    const gives = Reflect.apply(real, this, args);
    if (isLast) void Promise.resolve(gives).finally(die);
    return gives;
  });
}

for (const name of ['rename', 'mkdir', 'link', 'rm', 'open']) mine(fs, name);
mine(childProcess, 'spawn');
mine(net.Socket.prototype, 'write');
syncBuiltinESMExports();

const api: ImageApi = {
  find: async () => ({ status: 'queued', format: 'raw', container: 'bare', sizeBytes: null, hash: null }),
  download: () => Promise.reject(new Error('no guest here stands on an image')),
  upload: (_, body) => text(body).then(() => {}),
};
const { openExampleQemu } = await import('../fakes/compute-host.ts');
const hypervisor = await openExampleQemu({ stateDir, api });
await hypervisor.recover(null);
counting = true;
const spec = said.startsWith('{') ? JSON.parse(said) : null;
if (spec?.imageId) await hypervisor.uploadSnapshot(spec);
else if (spec) await hypervisor.ensureGuest(spec);
else await hypervisor.ensureGuestGone({ id: said });
counting = false;
process.stdout.write(String(effects), () => process.exit(0));
