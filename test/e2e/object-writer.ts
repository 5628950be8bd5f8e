/**
 * Writes one object and kills itself before or after its n-th call to the file system.
 * Arguments: folder, put | delete, before | after, n.
 */
import fs from 'node:fs';
import { Readable } from 'node:stream';

const [folder = '', what = 'put', timestamp = 'before', nth = '1'] = process.argv.slice(2);

type Call = (...words: unknown[]) => unknown;
const calls = fs as unknown as Record<string, Call>;
let count = 0;
let armed = false;

/** Counts the calls that change or sync something. */
for (const name of ['open', 'writev', 'fsync', 'close', 'mkdir', 'link', 'unlink', 'rmSync']) {
  const original = calls[name] as Call;
  calls[name] = (...words) => {
    const last = words.at(-1);
    const dies = armed && ++count === Number(nth);
    if (dies && timestamp === 'before') process.kill(process.pid, 'SIGKILL');
    if (!dies) return original(...words);
    if (typeof last !== 'function') {
      original(...words);
      return process.kill(process.pid, 'SIGKILL');
    }
    return original(...words.slice(0, -1), () => process.kill(process.pid, 'SIGKILL'));
  };
}

// only now, so that they take the calls from above
const { runtimeOf } = await import('./object-cloud.ts');
const { start } = await import('../../services/object-agent/service.ts');
const { readRing } = await import('#shared/ring/config.ts');
const { openReach } = await import('#shared/ring/reach.ts');
const { newTimestamp } = await import('#shared/ring/timestamp.ts');
const { upload } = await import('../../services/object-store/cluster/upload.ts');
const { openQuotas } = await import('../../services/object-store/quotas/reservations.ts');
const { write } = await import('../../services/object-store/cluster/write.ts');

const runtime = runtimeOf(folder);
const started = await start(runtime);
const ring = readRing(runtime.settings);
const { section } = await import('../../services/object-store/config.ts');
const settings = runtime.settings.read('object-store', section);
const store = {
  ring,
  reach: openReach(runtime.bus, ring),
  settings,
  log: runtime.log,
  quotas: openQuotas(),
  keys: { verify: () => Promise.reject(new Error('no keys')) },
};
const path = ['AUTH_p', 'docs', 'o'];
armed = true;
if (what === 'put') {
  const body = Readable.from([Buffer.alloc(1_100_000, 'new')]);
  const headers = { 'content-type': 'text/new' };
  await upload(store, {
    path,
    timestamp: newTimestamp(),
    headers,
    length: 1_100_000,
    body,
    mostBytes: 1e9,
    etag: undefined,
  });
} else {
  const headers = { 'x-timestamp': newTimestamp() };
  await write(store, { kind: 'object', method: 'DELETE', path, headers, share: 'x-container-replicas' });
}
process.stdout.write('done\n');
armed = false;
await started.close();
process.exit(0);
