/** External ranges for tests that run at the same time on one host. */
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { TestContext } from 'node:test';

/** The first three numbers of a /24 of 198.18.0.0/16 that no other test and no interface uses, until the test has ended. */
export async function externalRange(t: TestContext): Promise<string> {
  for (;;) {
    const range = `198.18.${Math.floor(Math.random() * 250)}`;
    const inUse = Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? []);
    if (!inUse.some((address) => address.startsWith(`${range}.`)) && (await reserve(t, range))) return range;
  }
}

/** By an abstract socket, which the kernel frees when this process ends in any way. */
function reserve(t: TestContext, range: string): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(`\0wattle-test-range-${range}`, () => {
      t.after(() => server.close());
      resolve(true);
    });
  });
}
