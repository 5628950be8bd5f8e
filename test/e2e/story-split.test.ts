import { test } from 'node:test';
import { debianClient, pipClient, startStoryCloud } from './story/cloud.ts';
import { everyPair, patience, runStory } from './story/story.ts';

// npm test provides WATTLE_TEST_GUEST to files that contain its name.
test('the story, one process per role on MariaDB and RabbitMQ', patience, async (t) => {
  const cloud = await startStoryCloud(t, { split: true, client: pipClient() });
  await t.test("with Debian's client", patience, (t) => runStory(t, cloud.as(debianClient)));
  if (everyPair) await t.test("with pip's client", patience, (t) => runStory(t, cloud));
});
