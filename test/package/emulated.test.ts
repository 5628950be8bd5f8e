/** The package on an emulated machine, under the kernel of Debian: half an hour on an idle machine without KVM. */
import { test } from 'node:test';
import { boot, canEmulate, makeDisk } from './guest.ts';
import { build, expectSteps, say } from './steps.ts';

test('the package runs on an emulated machine: start, kill -9, reboot, upgrade, removal', {
  skip: canEmulate,
  timeout: 7_200_000,
}, async (t) => {
  const { folder, deb } = await build(t);
  await expectSteps(boot(t, await makeDisk(folder, deb, say)));
});
