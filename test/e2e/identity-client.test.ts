/** Both stock clients, with every identity command they have. The lines are in identity-client/chapters. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openIdentity, pointCatalogHere } from '../fakes/identity.ts';
import { type Client, startClient } from './identity-client/client.ts';
import { type ClientName, commandOf, play } from './identity-client/play.ts';
import { story } from './identity-client/story.ts';
import { writeClouds, writeFiles } from './identity-client/world.ts';
import { debianClient, pipClient } from './story/cloud.ts';

const clients: readonly { name: ClientName; openstack: string; python: string }[] = [
  { name: 'pip', openstack: pipClient(), python: join(dirname(pipClient()), 'python') },
  { name: 'debian', openstack: debianClient, python: '/usr/bin/python3' },
];

/** Commands that span services and are not tested here. */
const elsewhere = /^(availability zone|cloud cache|configuration|extension|limits|quota) /;

for (const { name, openstack, python } of clients) {
  const skip = existsSync(openstack) ? false : `${openstack} is not installed`;
  test(`every identity command of the ${name} client is allowed and refused as written`, { skip }, async (t) => {
    const world = await openIdentity(t);
    await pointCatalogHere(world);
    const folder = temporaryFolder(t);
    const clouds = writeClouds(folder, { authUrl: `${world.url}/v3`, adminPassword: 'admin-password' });
    const client = await startClient(python, { OS_CLIENT_CONFIG_FILE: clouds });
    t.after(() => client.close());
    const stage = { client, name, kept: writeFiles(folder) };
    await t.test('no command is missing', () => everyCommandIsThere(client, name));
    for (const [chapter, steps] of Object.entries(story))
      await t.test(chapter, async () => assert.deepEqual(await play(stage, steps), []));
  });
}

/** Compares with the list of commands of the client itself. */
function everyCommandIsThere({ commands }: Client, client: ClientName): void {
  const wanted = commands.map(({ name }) => name).filter((name) => !elsewhere.test(`${name} `));
  assert.ok(wanted.length > 120, `${wanted.length} commands`);
  const lines = Object.values(story)
    .flat()
    .filter(({ more }) => more.only === undefined || more.only === client);
  const told = (fails: boolean) =>
    new Set(lines.filter((step) => step.fails === fails).map((step) => commandOf(step, wanted)));
  const [done, refused] = [told(false), told(true)];
  assert.deepEqual(
    wanted.filter((name) => !done.has(name)),
    [],
    'never done',
  );
  assert.deepEqual(
    wanted.filter((name) => !refused.has(name)),
    [],
    'never refused',
  );
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'identity-client-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}
