/** Set-up: plain JavaScript without dependencies, for the Node 18 of Debian 12. */
import { ensurePackages } from './apt.js';
import { ensureClient } from './client.js';
import { ensureModules } from './modules.js';
import { toBuildGuestImage, toRunCeph, toSplit, toStart, toTest } from './packages.js';
import { isClone } from './paths.js';
import { report } from './progress.js';

const packagesFor = {
  start: toStart,
  split: [...toStart, ...toSplit],
  'guest-image': toBuildGuestImage,
  ceph: [...toStart, ...toSplit, ...toBuildGuestImage, ...toTest, ...toRunCeph],
  test: [...toStart, ...toSplit, ...toBuildGuestImage, ...toTest],
};

/** Installs what is missing for `purpose`, concurrently. Throws when node modules fail; reports other failures. */
export async function setUp(purpose) {
  const wanted = packagesFor[purpose]?.filter(({ has }) => isClone || has !== 'python'); // a package suggests Debian's client
  if (!wanted) return isClone && (await ensureModules());
  const [forPython, others] = [true, false].map((is) => wanted.filter(({ has }) => (has === 'python') === is));
  const python = ensurePackages(forPython); // first: pip takes as long as all other packages
  const packages = python.then(async (missing) => [...missing, ...(await ensurePackages(others))]);
  const client = python.then((missing) => forPython.length > 0 && missing.length === 0 && ensureClient());
  const parts = await Promise.allSettled([isClone && ensureModules(), packages, client]);
  const [modules, missing, stock] = parts;
  if (modules.status === 'rejected') throw modules.reason;
  if (missing.status === 'rejected') report('packages', missing.reason.message);
  if (stock.status === 'rejected') report('openstack client', `could not be installed: ${stock.reason.message}`);
  for (const { name, why } of missing.value ?? []) report('packages', `${name} is missing; needed for ${why}`);
}
