import { test } from 'node:test';
import { debianClient, pipClient, startStoryCloud } from './story/cloud.ts';
import { everyPair, liveStory, patience } from './story/story.ts';

// Asks npm test for WATTLE_TEST_GUEST.
test('the story, one process per role on MariaDB and RabbitMQ', patience, async (t) => {
  const cloud = await startStoryCloud(t, { split: true, client: pipClient() });
  await t.test("with Debian's client", patience, (t) => liveStory(t, cloud.as(debianClient)));
  if (everyPair) await t.test("with pip's client", patience, (t) => liveStory(t, cloud));
});
