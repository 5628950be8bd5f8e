/** Plain JavaScript for the Node that Debian 12 brings (18), without any module: it makes the rest possible. */
import { ensurePackages } from './apt.js';
import { ensureClient } from './client.js';
import { ensureModules } from './modules.js';
import { toBuildGuestImage, toSplit, toStart, toTest } from './packages.js';
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
  const [forPython, others] = [true, false].map((is) => wanted.filter(({ has }) => (has === 'python') === is));
  const python = ensurePackages(forPython); // small, and pip takes as long as all the others together
  const packages = python.then(async (lacking) => [...lacking, ...(await ensurePackages(others))]);
  const client = python.then((lacking) => forPython.length > 0 && lacking.length === 0 && ensureClient());
  const parts = await Promise.allSettled([ensureModules(), packages, client]);
  const [modules, lacking, stock] = parts;
  if (modules.status === 'rejected') throw modules.reason;
  if (lacking.status === 'rejected') say('packages', lacking.reason.message);
  if (stock.status === 'rejected') say('openstack client', `could not be installed: ${stock.reason.message}`);
  for (const { name, why } of lacking.value ?? []) say('packages', `without ${name}: no ${why}`);
}
