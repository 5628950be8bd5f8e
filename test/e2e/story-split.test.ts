import { test } from 'node:test';
import { debianClient, startStoryCloud } from './story/cloud.ts';
import { liveStory } from './story/story.ts';

// Asks npm test for WATTLE_TEST_GUEST.
test("the story, one process per role on MariaDB and RabbitMQ, with Debian's client", async (t) => {
  await liveStory(t, await startStoryCloud(t, { number: 42, split: true, client: debianClient }));
});
