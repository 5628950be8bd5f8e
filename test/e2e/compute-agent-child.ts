/**
 * An agent in a process of its own that is killed by SIGKILL before or after one of its effects: a file created, renamed or
 * removed, a link, a program or a guest started, a QMP command. Arguments: state folder, spec or upload as JSON (or the id
 * of a guest to remove), number of the effect, before | after. Prints the number of effects when it is not killed.
 */
import childProcess from 'node:child_process';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import type { ImageApi } from '../../services/compute-agent/drivers/qemu/images.ts';

const [stateDir = '', action = '', at = '0', when = 'before'] = process.argv.slice(2);
let effects = 0;
let counting = false;
const die = () => process.kill(process.pid, 'SIGKILL');

/** Replaces a function by one that counts its calls and kills the process at the given one. */
function countCalls(target: object, name: string): void {
  const real = Reflect.get(target, name) as (...args: unknown[]) => unknown;
  Reflect.set(target, name, function (this: unknown, ...args: unknown[]) {
    const isLast = counting && ++effects === Number(at);
    if (isLast && when === 'before') die();
    const result = Reflect.apply(real, this, args);
    if (isLast) void Promise.resolve(result).finally(die);
    return result;
  });
}

for (const name of ['rename', 'mkdir', 'link', 'rm', 'open']) countCalls(fs, name);
countCalls(childProcess, 'spawn');
countCalls(net.Socket.prototype, 'write');
syncBuiltinESMExports();

const api: ImageApi = {
  find: async () => ({ status: 'queued', format: 'raw', container: 'bare', sizeBytes: null, hash: null }),
  download: () => Promise.reject(new Error('guests of this test have no image')),
  upload: (_, body) => text(body).then(() => {}),
};
const { openExampleQemu } = await import('../fakes/compute-host.ts');
const hypervisor = await openExampleQemu({ stateDir, api });
await hypervisor.recover(null);
counting = true;
const spec = action.startsWith('{') ? JSON.parse(action) : null;
if (spec?.imageId) await hypervisor.uploadSnapshot(spec);
else if (spec) await hypervisor.ensureGuest(spec);
else await hypervisor.ensureGuestGone({ id: action });
counting = false;
process.stdout.write(String(effects), () => process.exit(0));
