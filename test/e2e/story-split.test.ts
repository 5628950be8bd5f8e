import assert from 'node:assert/strict';
import { test } from 'node:test';
import { debianClient, type StoryCloud, startStoryCloud, until } from './story/cloud.ts';
import { brokerOf, killNow } from './story/processes.ts';
import { liveStory } from './story/story.ts';

// Asks npm test for WATTLE_TEST_GUEST.
test("the story, one process per role on MariaDB and RabbitMQ, with Debian's client", async (t) => {
  const cloud = await startStoryCloud(t, { number: 42, split: true, client: debianClient });
  await liveStory(t, cloud);
  await t.test('a volume is made and deleted while the broker dies and returns', () => loseBroker(cloud));
});

/** Hints are lost and questions fail; rows are not, and every agent looks again. */
async function loseBroker(cloud: StoryCloud): Promise<void> {
  const before = brokerOf(cloud);
  assert.equal(before.length, 1);
  await cloud.os('volume', 'create', '--size', '1', 'meanwhile');
  await killNow(...before);
  const status = async () => (await cloud.json<{ status: string }>('volume', 'show', 'meanwhile')).status;
  await until('the volume is there', async () => (await status()) === 'available');
  await cloud.os('volume', 'delete', 'meanwhile');
  await until('the volume is gone', async () => (await cloud.json<unknown[]>('volume', 'list')).length === 0);
  await until('the broker is back', async () => brokerOf(cloud).length === 1 && brokerOf(cloud)[0] !== before[0]);
}
