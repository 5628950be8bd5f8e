/** An object store in one process with the given number of replicas, and objects `docs/small` (1 KiB) and `docs/large` (64 MiB). */
import { readRing } from '#shared/ring/config.ts';
import { start } from '../../../services/object-agent/service.ts';
import { openProxy, runtimeOf } from '../../e2e/object-cloud.ts';
import { ownFolder, serveFigures } from './measured.ts';

const [replicas = '3'] = process.argv.slice(2);
const folder = ownFolder();

const runtime = runtimeOf(folder, {}, { replicas: Number(replicas) });
await start(runtime);
const { url, port } = await openProxy(runtime, readRing(runtime.settings));
const put = (to: string, body?: Uint8Array<ArrayBuffer>) =>
  fetch(`${url}/v1/AUTH_p/docs${to}`, {
    method: 'PUT',
    headers: { 'x-auth-token': 'u:p:member' },
    ...(body ? { body } : {}),
  });
await put('');
await put('/small', new Uint8Array(1024));
await put('/large', new Uint8Array(64 * 2 ** 20));

serveFigures(port);
