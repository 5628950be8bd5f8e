/** Plain JavaScript for the Node that Debian 12 brings (18), without any module: it makes the rest possible. */
import { ensurePackages } from './apt.js';
import { ensureClient } from './client.js';
import { ensureModules } from './modules.js';
import { missingOf, toBuildGuestImage, toSplit, toStart, toTest } from './packages.js';
import { say } from './progress.js';

const packagesFor = {
  start: toStart,
  split: [...toStart, ...toSplit],
  'guest-image': toBuildGuestImage,
  test: [...toStart, ...toSplit, ...toBuildGuestImage, ...toTest],
};

/** Sets up what is missing for `purpose`, side by side. Throws when the node modules cannot be had; the rest it names. */
export async function setUp(purpose) {
  const wanted = packagesFor[purpose];
  if (!wanted) return await ensureModules();
  const packages = ensurePackages(wanted);
  const pythonIsThere = missingOf(wanted).every(({ has }) => has !== 'python');
  const client = (pythonIsThere ? Promise.resolve() : packages).then(
    purpose === 'guest-image' ? () => {} : ensureClient,
  );
  const parts = await Promise.allSettled([ensureModules(), packages, client]);
  const [modules, lacking, python] = parts;
  if (modules.status === 'rejected') throw modules.reason;
  if (lacking.status === 'rejected') say('packages', lacking.reason.message);
  if (python.status === 'rejected') say('openstack client', `could not be installed: ${python.reason.message}`);
  for (const { name, why } of lacking.value ?? []) say('packages', `without ${name}: no ${why}`);
}
